import { describe, expect, test } from "vitest";
import { isVendor } from "../../../../engine/http/transport.ts";
import type { Digest } from "../../../../engine/oci/digest.ts";
import type { Repository } from "../../../../engine/registry/repository.ts";
import { buildImage, push, type TestManifest } from "../../../support/images/index.ts";
import { type ProfileName, type RunningProfile, startProfile } from "../../../support/registries/profiles/index.ts";
import { failureOf } from "../../failure.ts";
import { type VendorClient, vendorClient } from "./vendor-client.ts";

const name = "team/app";
const image = buildImage({ seed: "app", layers: [100] });
const neighbour = buildImage({ seed: "neighbour", layers: [100] });
const digest = image.digest as Digest;

interface Stage extends AsyncDisposable {
  readonly profile: RunningProfile;
  readonly client: VendorClient;
  readonly repository: Repository;
}

/** A registry of the family with `app` and `same` on one image, and `other` on another. */
async function stage(family: ProfileName, { deletes = true, told = true } = {}): Promise<Stage> {
  const profile = await startProfile(family, { deletes });
  const target = { ...(await profile.endpoint(name)), repository: name, present: new Set<string>() };
  const tags: readonly (readonly [string, TestManifest])[] = [
    ["app", image],
    ["same", image],
    ["other", neighbour],
  ];
  for (const [tag, manifest] of tags) await push(manifest, { ...target, tag });
  profile.resetCounts();
  const { user: username, password } = profile.login;
  const vendor = profile.vendor ?? "";
  const settings = told && isVendor(vendor) ? { vendor, apiUrl: profile.apiUrl } : {};
  const cloud = { AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };
  const client = vendorClient(profile.host, settings, { kind: "basic", username, password }, cloud);
  return {
    profile,
    client,
    repository: client.open(name),
    [Symbol.asyncDispose]: async () => {
      await client[Symbol.asyncDispose]();
      await profile.close();
    },
  };
}

const families = ["docker-hub", "harbor", "acr", "ecr"] as const;

describe.each(families)("by the API of %s as somebody else plays it,", (family) => {
  test("one tag goes, and its siblings on the same image stay", async () => {
    await using at = await stage(family);
    expect(await at.repository.vendor.deleteTag("app", { digest })).toBe("deleted");
    expect([...(await at.profile.contents.tags(name)).keys()]).toEqual(["other", "same"]);
    expect(await at.profile.contents.manifests(name)).toHaveLength(2);
  });

  test("a tag that is not there is absent", async () => {
    await using at = await stage(family);
    expect(await at.repository.vendor.deleteTag("none", { digest })).toBe("absent");
    expect((await at.profile.contents.tags(name)).size).toBe(3);
  });

  test("a refusal says what is missing, and nothing goes", async () => {
    await using at = await stage(family, { deletes: false });
    const error = await failureOf(() => at.repository.vendor.deleteTag("app", { digest }));
    expect(error?.code).toMatch(/^(denied|unsupported)$/);
    expect(error?.hint).toBeDefined();
    expect((await at.profile.contents.tags(name)).size).toBe(3);
  });
});

test("Harbor under a company's name is known by its challenge", async () => {
  await using at = await stage("harbor", { told: false });
  await at.repository.manifests.head("app");
  expect(await at.repository.vendor.deleteTag("app", { digest })).toBe("deleted");
});

test("Harbor takes a tag from the digest that was expected and from no other", async () => {
  await using at = await stage("harbor");
  expect(await at.repository.vendor.deleteTag("other", { digest })).toBe("absent");
  expect((await at.profile.contents.tags(name)).size).toBe(3);
});

describe("at ghcr.io as somebody else plays it,", () => {
  test("a manifest with a tag on it stays unless that tag may go with it", async () => {
    await using at = await stage("ghcr");
    const other = neighbour.digest as Digest;
    expect(await at.repository.manifests.delete(digest, { onlyTag: "app" })).toMatchObject({ status: 409 });
    expect(await at.repository.manifests.delete(other)).toMatchObject({ status: 409 });
    expect(await at.repository.manifests.delete(other, { onlyTag: "other" })).toMatchObject({ status: 204 });
    expect([...(await at.profile.contents.tags(name)).keys()]).toEqual(["app", "same"]);
  });

  test("what nobody has is not found, and that deletes are not allowed is said", async () => {
    await using at = await stage("ghcr");
    const nobody = `sha256:${"0".repeat(64)}` as Digest;
    expect(await at.repository.manifests.delete(nobody)).toMatchObject({ status: 404 });
    await using denied = await stage("ghcr", { deletes: false });
    const error = await failureOf(() => denied.repository.manifests.delete(neighbour.digest, { onlyTag: "other" }));
    expect(error).toMatchObject({ code: "denied" });
  });
});

test("the last tag of a package of GitHub as somebody else plays it goes with the package, and only then", async () => {
  await using at = await stage("ghcr");
  const all = new Set([image, neighbour].map((manifest) => manifest.digest as Digest));
  expect(await at.repository.vendor.deleteRepository(all, { onlyTag: "other" })).toBe("others");
  await at.profile.contents.untag(name, "app");
  await at.profile.contents.untag(name, "same");
  expect(await failureOf(() => at.repository.vendor.checkStandIn("other"))).toMatchObject({ code: "unsupported" });
  expect(await at.repository.vendor.deleteRepository(all, { onlyTag: "other" })).toBe("deleted");
  expect(await at.profile.contents.manifests(name)).toEqual([]);
});

test("the scope of a token for deletes is called as Quay wants it", async () => {
  await using at = await stage("quay");
  expect(await at.repository.manifests.delete("app")).toMatchObject({ status: 202 });
  expect([...(await at.profile.contents.tags(name)).keys()]).toEqual(["other", "same"]);
});

test("an inventory is told by Google's registry as somebody else plays it, and by no other", async () => {
  await using gar = await stage("gar");
  expect([...((await gar.repository.tags.inventory()) ?? [])].map(([digest, { tags }]) => [digest, [...tags]])).toEqual(
    [image, neighbour]
      .map((manifest) => [manifest.digest, manifest === image ? ["app", "same"] : ["other"]] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
  await using zot = await stage("zot");
  expect(await zot.repository.tags.inventory()).toBeUndefined();
});
