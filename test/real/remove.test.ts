import { describe, expect, test } from "vitest";
import type { Digest, Engine } from "../../engine/index.ts";
import { skopeoProgram } from "../acceptance/skopeo.ts";
import { only } from "../engine/pair.ts";
import { buildImage, buildPlatformIndex, imageKinds, treeOf } from "../support/images/index.ts";
import { dockerRegistryProgram, type DockerRegistryOptions } from "../support/registries/index.ts";
import { engineFor, type ReachableRegistry, reachRegistry } from "./reachable-registry.ts";

const missing = [dockerRegistryProgram, skopeoProgram].includes(undefined);
const image = buildPlatformIndex({ seed: "removed", layers: [2000], shared: 9000 });
const expectDigest = image.digest as Digest;
const foreign = buildImage({ seed: "somebody else's", layers: [3000] });
const gone = { untagged: true, skipped: [] };

/** The config `{}`, which every artifact without one shares. */
const emptyBlob = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/** Links of a tag that was removed. */
const ofTag =
  (tag: string) =>
  (link: string): boolean =>
    `${link}/`.includes(`/_manifests/tags/${tag}/`);

async function expectWhole(registry: ReachableRegistry, text: string, expected = image): Promise<void> {
  expect(await registry.tree(registry.at(text))).toEqual(treeOf(expected));
  expect(await registry.witness(registry.at(text))).toBe(expected.digest);
}

const variants: readonly (readonly [string, DockerRegistryOptions])[] = [
  ["without a login", {}],
  ["with htpasswd and TLS", { auth: "htpasswd", tls: true }],
  ["with tokens", { auth: "token" }],
  ["that remembers blobs in memory", { memoryCache: true }],
];

describe.skipIf(missing).each(variants)("at a docker-registry %s, which deletes digests only", (_name, options) => {
  test("the tag goes, tags of the same digest stay whole, and nothing else is left or lost", async () => {
    const registry = await reachRegistry(options);
    for (const tag of ["1", "2", "stable"]) await registry.seed(image, `team/app:${tag}`);
    await registry.seed(foreign, "team/app:other");
    const before = await registry.links();
    expect(await engineFor([registry]).remove(registry.at("team/app:1"), { expectDigest })).toMatchObject(gone);
    expect(await registry.tags("team/app")).toEqual(["2", "other", "stable"]);
    for (const tag of ["2", "stable"]) await expectWhole(registry, `team/app:${tag}`);
    await expectWhole(registry, "team/app:other", foreign);
    // Of the stand-in nothing but the shared two bytes: the links are those that were there, without the tag's own.
    const after = withoutEmpty(await registry.links()).filter((link) => !link.includes(emptyBlob));
    expect(after).toEqual(withoutEmpty(before.filter((link) => !ofTag("1")(link))));
    expect(await registry.openUploads()).toEqual([]);
  });

  test("the last tag goes, its content stays with policy untag, and the same image can be copied to the same tag again", async () => {
    const [registry, source] = await Promise.all([reachRegistry(options), reachRegistry()]);
    const engine = engineFor([registry, source]);
    const from = await source.seed(image, "from/app:1");
    const reference = registry.at("team/app:1");
    for (const round of [1, 2, 3]) {
      const item = only(await engine.apply(await engine.plan({ source: from, destination: reference })));
      expect({ round, outcome: item.outcome, error: item.error?.message }).toEqual({ round, outcome: "done" });
      await expectWhole(registry, "team/app:1");
      expect(await registry.tags("team/app")).toEqual(["1"]);
      expect(await engine.remove(reference, { expectDigest, since: Date.now() + 1, policy: "untag" })).toMatchObject(
        gone,
      );
      expect(await registry.tags("team/app")).toEqual([]);
      await expectWhole(registry, `team/app@${image.digest}`);
    }
  });

  test("the last tag goes with all its content, and the same image can be copied to the same tag again", async () => {
    const [registry, source] = await Promise.all([reachRegistry(options), reachRegistry()]);
    const engine = engineFor([registry, source]);
    const from = await source.seed(image, "from/app:1");
    const reference = registry.at("team/app:1");
    for (const round of [1, 2]) {
      const item = only(await engine.apply(await engine.plan({ source: from, destination: reference })));
      expect({ round, outcome: item.outcome, error: item.error?.message }).toEqual({ round, outcome: "done" });
      await expectWhole(registry, "team/app:1");
      const { manifests, blobs } = treeOf(image);
      const report = await engine.remove(reference, { expectDigest, since: Date.now() + 1 });
      expect(report).toMatchObject({ ...gone, kept: [], unsupported: { manifests: 0, blobs: 0 } });
      expect(new Set(report.manifests)).toEqual(new Set(Object.keys(manifests)));
      expect(new Set(report.blobs)).toEqual(new Set(Object.keys(blobs)));
      const left = withoutEmpty(await registry.links()).filter((link) => link.startsWith("team/app/"));
      expect(left.filter((link) => !link.includes(emptyBlob) && !link.includes("/_manifests/revisions/"))).toEqual([]);
    }
  });
});

describe.skipIf(missing)("at a docker-registry", () => {
  test("every kind of image can lose a tag and keep its sibling", async () => {
    const registry = await reachRegistry();
    const engine = engineFor([registry]);
    for (const kind of imageKinds.filter(({ distribution2 }) => distribution2)) {
      const built = kind.build();
      const repository = `kinds/${kind.name.toLowerCase().replaceAll(" ", "-")}`;
      for (const tag of ["1", "2"]) await registry.seed(built, `${repository}:${tag}`);
      const report = await engine.remove(registry.at(`${repository}:1`), { expectDigest: built.digest as Digest });
      expect({ kind: kind.name, report }).toMatchObject({ kind: kind.name, report: { untagged: true } });
      expect(await registry.tags(repository)).toEqual(["2"]);
      expect(await registry.tree(registry.at(`${repository}:2`))).toEqual(treeOf(built));
    }
  });

  test("a tag that holds somebody else's digest stays, and nothing is written", async () => {
    const registry = await reachRegistry();
    await registry.seed(image, "team/app:2");
    await registry.seed(foreign, "team/app:1");
    const before = await registry.links();
    const report = await engineFor([registry]).remove(registry.at("team/app:1"), { expectDigest });
    expect(report).toMatchObject({ untagged: false, manifests: [], blobs: [] });
    expect(report.kept.map((kept) => kept.digest)).toEqual([foreign.digest, image.digest]);
    expect(await registry.links()).toEqual(before);
    await expectWhole(registry, "team/app:1", foreign);
    await expectWhole(registry, "team/app:2");
  });

  test.each([
    ["tag", "team/app:gone"],
    ["repository", "nowhere/app:1"],
  ])("a %s that is gone already is success, and nothing is written", async (_what, text) => {
    const registry = await reachRegistry();
    await registry.seed(image, "team/app:1");
    const before = await registry.links();
    expect(await engineFor([registry]).remove(registry.at(text), { expectDigest })).toMatchObject(gone);
    expect(await registry.links()).toEqual(before);
    await expectWhole(registry, "team/app:1");
  });

  test("that allows no deletes, a removal is unsupported and nothing is written", async () => {
    const registry = await reachRegistry({ deleteEnabled: false });
    for (const tag of ["1", "2"]) await registry.seed(image, `team/app:${tag}`);
    const before = await registry.links();
    const removal = engineFor([registry]).remove(registry.at("team/app:1"), { expectDigest });
    await expect(removal).rejects.toMatchObject({
      code: "unsupported",
      side: "destination",
      hint: expect.stringContaining("storage.delete.enabled") as string,
    });
    expect(await registry.links()).toEqual(before);
    for (const tag of ["1", "2"]) await expectWhole(registry, `team/app:${tag}`);
  });

  test.each([
    ["one process", 1],
    ["several processes", 6],
  ])("tags of one digest that %s remove at the same time all go, and the one that stays is whole", async (_, count) => {
    const registry = await reachRegistry();
    const going = ["1", "2", "3", "4", "5", "6"];
    for (const tag of [...going, "stays"]) await registry.seed(image, `team/app:${tag}`);
    const engines = Array.from({ length: count }, () => engineFor([registry]));
    const engineOf = (at: number): Engine => engines[at % count] ?? engineFor([registry]);
    const reports = await Promise.all(
      going.map((tag, at) => engineOf(at).remove(registry.at(`team/app:${tag}`), { expectDigest })),
    );
    expect(reports).toMatchObject(going.map(() => gone));
    expect(await registry.tags("team/app")).toEqual(["stays"]);
    await expectWhole(registry, "team/app:stays");
    expect(await registry.openUploads()).toEqual([]);
  });
});

/** The directories in which nothing is left do not matter; docker-registry leaves those of what it has deleted. */
function withoutEmpty(links: readonly string[]): string[] {
  return links.filter((link) => link.endsWith("/link"));
}
