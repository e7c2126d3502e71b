import { describe, expect, onTestFinished, test } from "vitest";
import type { Digest, Engine, Plan, Reference } from "../../engine/index.ts";
import { skopeoProgram } from "../acceptance/skopeo.ts";
import { attachmentTag, buildFallbackIndex } from "../support/images/companions.ts";
import { type TestManifest, treeOf } from "../support/images/index.ts";
import { countingProxy, dockerRegistryProgram, send } from "../support/registries/index.ts";
import { engineFor, type ReachableRegistry, reachRegistry } from "./reachable-registry.ts";
import { buildSignedImage } from "../support/images/signed-image.ts";

const missing = [dockerRegistryProgram, skopeoProgram].includes(undefined);

const { image, bundle, sbom, sbomSignature, cosign, referrers } = buildSignedImage(2000);
const expectDigest = image.digest as Digest;

/** A registry without the API: clients keep its lists. */
async function seedSigned(registry: ReachableRegistry): Promise<Reference> {
  const reference = await registry.seed(image, "team/app:1");
  for (const [subject, referrer] of referrers) {
    await registry.seed(referrer, "team/app:pushed");
    await registry.seed(buildFallbackIndex([referrer]), `team/app:${attachmentTag(subject)}`);
  }
  await registry.seed(cosign, `team/app:${attachmentTag(image, "sig")}`);
  return reference;
}

async function copy(engine: Engine, source: Reference, destination: Reference): Promise<Plan> {
  const plan = await engine.plan({ source, destination, policy: { referrers: {} } });
  const report = await engine.apply(plan);
  expect(report.items.map(({ error, outcome }) => error?.message ?? outcome)).toEqual(
    plan.items.map(({ action }) => (action === "skip" ? "unchanged" : "done")),
  );
  return plan;
}

/** What a client without the engine finds in the list under a manifest. */
async function listed(registry: ReachableRegistry, subject: TestManifest): Promise<unknown[]> {
  const answer = await send(registry.running.url, `/v2/mirror/app/manifests/${attachmentTag(subject)}`, {
    headers: { accept: "application/vnd.oci.image.index.v1+json" },
  });
  if (answer.status === 404) return [];
  const { manifests } = JSON.parse(answer.text) as { manifests: { digest: string; artifactType: string }[] };
  return manifests.map(({ digest, artifactType }) => ({ digest, artifactType }));
}

describe.skipIf(missing)("between two docker-registries, which keep no lists of referrers", () => {
  test("all that belongs to an image arrives byte for byte, is listed for other clients, and comes once", async () => {
    const [source, destination] = await Promise.all([reachRegistry(), reachRegistry()]);
    const from = await countingProxy(source.host);
    onTestFinished(() => from.close());
    const to = await countingProxy(destination.host);
    onTestFinished(() => to.close());
    const here = { ...(await seedSigned(source)), registry: from.host };
    const there = destination.at("mirror/app:1");
    const mirror = { ...there, registry: to.host };
    const plan = await copy(engineFor([from, to]), here, mirror);
    expect(plan.items).toHaveLength(5);
    expect(plan.warnings).toBeUndefined();
    expect(await destination.tree(there)).toEqual(treeOf(image));
    for (const [subject, referrer] of referrers) {
      const at = destination.at(`mirror/app@${referrer.digest}`);
      expect(await destination.tree(at)).toEqual(treeOf(referrer));
      const { artifactType } = JSON.parse(referrer.bytes.toString()) as { artifactType: string };
      expect(await listed(destination, subject)).toEqual([{ digest: referrer.digest, artifactType }]);
    }
    // Of cosign's tag by the word of skopeo.
    expect(await destination.witness(destination.at(`mirror/app:${attachmentTag(image, "sig")}`))).toBe(cosign.digest);
    expect(await destination.openUploads()).toEqual([]);

    from.reset();
    to.reset();
    expect((await copy(engineFor([from, to]), here, mirror)).items).toHaveLength(1);
    // The image, the tag of cosign and the list under the image at both ends, and what is listed at the destination.
    expect(from.counts()).toEqual({ "HEAD manifest": 2, "GET manifest": 1, "GET tags": 1, "GET referrers": 1 });
    expect(to.counts()).toEqual({ "HEAD manifest": 3, "GET manifest": 1, "GET referrers": 1 });
  });

  test("an image without signatures costs two requests more at its source, and none at its destination", async () => {
    const [source, destination] = await Promise.all([reachRegistry(), reachRegistry()]);
    const from = await countingProxy(source.host);
    onTestFinished(() => from.close());
    const to = await countingProxy(destination.host);
    onTestFinished(() => to.close());
    const here = { ...(await source.seed(image, "team/app:1")), registry: from.host };
    const there = { ...destination.at("mirror/app:1"), registry: to.host };
    for (const _time of ["cold", "in place"]) {
      from.reset();
      to.reset();
      await copy(engineFor([from, to]), here, there);
      expect(from.counts()).toMatchObject({ "GET tags": 1, "GET referrers": 1 });
      expect(to.counts()).not.toHaveProperty("GET referrers");
      expect(to.counts()).not.toHaveProperty("GET tags");
    }
    expect(from.counts()).toEqual({ "HEAD manifest": 1, "GET tags": 1, "GET referrers": 1 });
    expect(to.counts()).toEqual({ "HEAD manifest": 1 });
  });

  test("after the removal of a signed image nothing is left, of its signatures and lists neither", async () => {
    const [source, destination] = await Promise.all([reachRegistry(), reachRegistry()]);
    const from = await seedSigned(source);
    const there = destination.at("mirror/app:1");
    await copy(engineFor([source, destination]), from, there);
    const report = await engineFor([destination]).remove(there, { expectDigest, referrers: true });
    expect(report).toMatchObject({ untagged: true, skipped: [] });
    expect(await destination.tags("mirror/app")).toEqual([]);
    const gone = [image, ...image.children, bundle, sbom, sbomSignature, cosign];
    for (const { digest } of gone) {
      const answer = await send(destination.running.url, `/v2/mirror/app/manifests/${digest}`);
      expect(answer.status).toBe(404);
    }
  });

  test("the signature stays while another tag has the image, and goes with the last one", async () => {
    const [source, destination] = await Promise.all([reachRegistry(), reachRegistry()]);
    const from = await seedSigned(source);
    for (const tag of ["1", "2"])
      await copy(engineFor([source, destination]), from, destination.at(`mirror/app:${tag}`));
    const before = await destination.tags("mirror/app");
    const remove = async (tag: string): Promise<unknown> =>
      await engineFor([destination]).remove(destination.at(`mirror/app:${tag}`), { expectDigest, referrers: true });
    expect(await remove("1")).toMatchObject({ untagged: true, skipped: [] });
    expect(await destination.tags("mirror/app")).toEqual(before.filter((tag) => tag !== "1"));
    expect(await destination.tree(destination.at(`mirror/app:${attachmentTag(image, "sig")}`))).toEqual(treeOf(cosign));
    expect(await destination.tree(destination.at(`mirror/app@${sbomSignature.digest}`))).toEqual(treeOf(sbomSignature));
    expect(await remove("2")).toMatchObject({ untagged: true, skipped: [] });
    expect(await destination.tags("mirror/app")).toEqual([]);
  });
});
