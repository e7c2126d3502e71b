import { describe, expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../embedded-registry/index.ts";
import { type Engine, parseReference, type Plan, type RemovalReport } from "../../engine/index.ts";
import { attachmentTag } from "../support/images/companions.ts";
import { exchange, fetchTree, push, type TestManifest, treeOf } from "../support/images/index.ts";
import {
  profileNames,
  type ProfileName,
  type RunningProfile,
  startProfile,
} from "../support/registries/profiles/index.ts";
import { engineAt } from "./engine-at.ts";
import { buildSignedImage } from "../support/images/signed-image.ts";

const { image, bundle, sbom, sbomSignature, cosign, referrers } = buildSignedImage(700);
const everything = [image, bundle, sbom, sbomSignature, cosign].map(({ digest }) => digest).toSorted();

interface Journey {
  readonly profile: RunningProfile;
  /** Plans and applies by an engine that knows nothing of what others did. */
  readonly copy: (from: string, to: string) => Promise<Plan>;
  readonly remove: (text: string) => Promise<RemovalReport>;
}

/** A registry of the family, and two with and without the API: what came through the family must come out again. */
async function start(name: ProfileName): Promise<Journey & { readonly source: string; readonly last: string }> {
  const source = await startRegistry();
  onTestFinished(() => source.close());
  const last = await startRegistry({ referrersApi: false });
  onTestFinished(() => last.close());
  const target = { host: source.host, repository: "from/app" };
  await push(image, { ...target, tag: "1" });
  for (const [, referrer] of referrers) await push(referrer, target);
  await push(cosign, { ...target, tag: attachmentTag(image, "sig") });
  const profile = await startProfile(name);
  onTestFinished(() => profile.close());
  return {
    profile,
    remove: async (text) => {
      const engine = engineAt(profile, true);
      onTestFinished(() => engine.close());
      return await engine.remove(parseReference(text), { referrers: true });
    },
    source: source.host,
    last: last.host,
    copy: async (from, to) => {
      const engine: Engine = engineAt(profile, true, [source.host, last.host]);
      onTestFinished(() => engine.close());
      const plan = await engine.plan({
        source: parseReference(from),
        destination: parseReference(to),
        policy: { referrers: {}, integrity: "manifests" },
      });
      const { items } = await engine.apply(plan);
      const expected = plan.items.map(({ action }) => (action === "skip" ? "unchanged" : "done"));
      expect(items.map(({ error, outcome }) => error?.message ?? outcome)).toEqual(expected);
      return plan;
    },
  };
}

/** What any client finds under a subject there: by the API, or by the fallback tag where there is none. */
async function listedAt({ profile }: Journey, subject: TestManifest): Promise<string[]> {
  const endpoint = await profile.endpoint("team/app");
  const ask = async (path: string): Promise<unknown> => {
    const answer = await exchange(endpoint, {
      method: "GET",
      target: `/v2/team/app/${path}`,
      headers: { accept: "application/vnd.oci.image.index.v1+json" },
    });
    return answer.status === 200 ? JSON.parse(answer.body.toString()) : undefined;
  };
  const found = (await ask(`referrers/${subject.digest}`)) ?? (await ask(`manifests/${attachmentTag(subject)}`));
  return (found as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest);
}

/**
 * Where an image that something refers to is not deleted by its registry: its tag goes, the rest stays, and is told.
 * GitHub deletes the package with its last version, and then does not know the one that was to go.
 */
const refuses: readonly ProfileName[] = ["docker-hub", "gar"];
const forgets: readonly ProfileName[] = ["ghcr"];

describe.each(profileNames)("signatures and SBOMs that are copied to %s", (name) => {
  test("are listed there, are not sent again, and come out of it as they went in", async () => {
    const journey = await start(name);
    const { profile, source, last, copy } = journey;
    const there = `${profile.host}/team/app:1`;
    const plan = await copy(`${source}/from/app:1`, there);
    expect(plan.items.map(({ digest }) => digest).toSorted()).toEqual(everything);
    for (const [subject, referrer] of referrers) {
      expect(await listedAt(journey, subject)).toEqual([referrer.digest]);
      expect(await fetchTree(await profile.endpoint("team/app"), "team/app", referrer.digest)).toEqual(
        treeOf(referrer),
      );
    }
    expect((await copy(`${source}/from/app:1`, there)).items).toHaveLength(1);

    const onward = await copy(there, `${last}/to/app:1`);
    expect(onward.items.map(({ digest }) => digest).toSorted()).toEqual(everything);
    expect(onward.warnings).toBeUndefined();
    expect(await fetchTree({ host: last }, "to/app", attachmentTag(image, "sig"))).toEqual(treeOf(cosign));
  });

  test("go with the last tag of their image, and not before", async () => {
    const { profile, source, copy, remove } = await start(name);
    for (const tag of ["1", "2"]) await copy(`${source}/from/app:1`, `${profile.host}/team/app:${tag}`);
    const before = [...(await profile.contents.tags("team/app")).keys()];
    expect(await remove(`${profile.host}/team/app:1`)).toMatchObject({ untagged: true, skipped: [] });
    expect([...(await profile.contents.tags("team/app")).keys()]).toEqual(before.filter((tag) => tag !== "1"));
    expect(await fetchTree(await profile.endpoint("team/app"), "team/app", sbomSignature.digest)).toEqual(
      treeOf(sbomSignature),
    );
    const { untagged, skipped } = await remove(`${profile.host}/team/app:2`);
    expect({ untagged, skipped: skipped.length > 0 }).toEqual({
      untagged: true,
      skipped: [...refuses, ...forgets].includes(name),
    });
    const left = refuses.includes(name) ? [attachmentTag(image, "sig")] : [];
    expect([...(await profile.contents.tags("team/app")).keys()]).toEqual(left);
  });
});
