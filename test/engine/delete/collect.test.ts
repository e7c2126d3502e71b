import { describe, expect, test } from "vitest";
import type { RegistryOptions } from "../../../embedded-registry/index.ts";
import { type Digest, isRetentionTag, retentionTag } from "../../../engine/index.ts";
import { buildArtifact } from "../../support/images/artifact.ts";
import { buildImage, buildIndex, descriptorOf, push, type TestManifest, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const shared = { size: 700, seed: "shared layer" };
const child = buildImage({ seed: "child", layers: [300, shared] });
const image = buildIndex({ children: [child, buildImage({ seed: "other child", layers: [400] })] });
const digest = image.digest as Digest;

async function put(pair: Pair, what: TestManifest, tag: string): Promise<void> {
  await push(what, { host: pair.destination.host, repository: "to/app", tag });
}

/** Everything an image consists of, without the config that all artifacts share. */
function contentOf(what: TestManifest): { readonly manifests: Set<string>; readonly blobs: Set<string> } {
  const { manifests, blobs } = treeOf(what);
  return { manifests: new Set(Object.keys(manifests)), blobs: new Set(Object.keys(blobs)) };
}

/** What of an image is still at the destination, asked without the engine. */
async function leftOf(pair: Pair, what: TestManifest): Promise<string[]> {
  const { manifests, blobs } = contentOf(what);
  const paths = [...[...manifests].map((one) => `manifests/${one}`), ...[...blobs].map((one) => `blobs/${one}`)];
  const left: string[] = [];
  for (const path of paths) {
    const url = `${pair.destination.url}/v2/to/app/${path}`;
    const answer = await fetch(url, { method: "HEAD", headers: { accept: "*/*" } });
    if (answer.status === 200) left.push(path);
  }
  return left;
}

const registries: readonly (readonly [string, RegistryOptions])[] = [
  ["with tag deletes and the referrers API", {}],
  ["that deletes digests only and has no referrers API", { tagDelete: false, referrersApi: false }],
];

describe.each(registries)("at a registry %s, the removal of an image", (_name, destination) => {
  test("that nobody shares takes all of it, parents before children and blobs last", async () => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    pair.resetCounts();
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report).toMatchObject({ untagged: true, kept: [], skipped: [] });
    const { manifests, blobs } = contentOf(image);
    expect(new Set(report.manifests)).toEqual(manifests);
    expect(new Set(report.blobs)).toEqual(blobs);
    const sizes = Object.values(treeOf(image).blobs).reduce((sum, size) => sum + size, 0);
    expect(report.bytes).toBeGreaterThan(sizes);
    expect(await leftOf(pair, image)).toEqual([]);
    const deletes = pair.destination.requests
      .filter(({ method, status }) => method === "DELETE" && status === 202)
      .map(({ path }) => path.slice("/v2/to/app/".length))
      .filter((path) => manifests.has(path.slice(10)) || blobs.has(path.slice(6)));
    expect(deletes[0]).toBe(`manifests/${digest}`);
    expect(deletes.slice(1, 3).every((path) => path.startsWith("manifests/"))).toBe(true);
    expect(deletes.slice(3).every((path) => path.startsWith("blobs/"))).toBe(true);
  });

  const neighbour = buildImage({ seed: "neighbour", layers: [shared, 50] });
  const nested = buildIndex({ children: [buildIndex({ children: [child] })] });

  test.each<readonly [string, (pair: Pair) => Promise<void>, TestManifest]>([
    ["another tag on the same digest", (pair) => put(pair, image, "2"), image],
    ["a neighbour with a layer of it", (pair) => put(pair, neighbour, "2"), neighbour],
    ["a tag on one of its children", (pair) => put(pair, child, "2"), child],
    ["an index that has its child deep below", (pair) => put(pair, nested, "2"), nested],
    ["an index that has all of it", (pair) => put(pair, buildIndex({ children: [image] }), "2"), image],
    [
      "an artifact with a tag whose subject it is",
      (pair) => put(pair, buildArtifact({ seed: "sbom", blobs: [10], subject: image }), "2"),
      image,
    ],
  ])("leaves %s whole", async (_neighbour, seed, whole) => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    await seed(pair);
    const before = await pair.tree(pair.at("to/app:2"));
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report).toMatchObject({ untagged: true, skipped: [] });
    expect(report.kept.length).toBeGreaterThan(0);
    expect(report.kept.every(({ by }) => by.includes("tag 2"))).toBe(true);
    expect(await pair.tree(pair.at("to/app:2"))).toEqual(before);
    expect(await pair.tree(pair.at(`to/app@${whole.digest}`))).toEqual(treeOf(whole));
    // And what the neighbour does not need is gone.
    const needed = new Set([...Object.keys(before.manifests), ...Object.keys(before.blobs)]);
    const gone = [...contentOf(image).manifests, ...contentOf(image).blobs].filter((one) => !needed.has(one));
    expect(new Set([...report.manifests, ...report.blobs])).toEqual(new Set(whole === image ? [] : gone));
  });

  test("leaves signatures whole that hang on it by their tags, and goes all the same", async () => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    const hex = digest.slice("sha256:".length);
    const signature = buildImage({ seed: "signature", layers: [20, shared] });
    const sbom = buildArtifact({ seed: "sbom", blobs: [10], subject: image });
    await put(pair, signature, `sha256-${hex}.sig`);
    await put(pair, buildIndex({ children: [sbom] }), `sha256-${hex}`);
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report.manifests).toContain(digest);
    expect(await pair.tree(pair.at(`to/app:sha256-${hex}.sig`))).toEqual(treeOf(signature));
    expect(await pair.tree(pair.at(`to/app@${sbom.digest}`))).toEqual(treeOf(sbom));
  });

  test("keeps an image that its own fallback tag holds as a child", async () => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    await put(pair, buildIndex({ children: [image] }), `sha256-${digest.slice("sha256:".length)}`);
    await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(await pair.tree(pair.at(`to/app@${digest}`))).toEqual(treeOf(image));
  });

  test("keeps what keepDigests name, with all below it", async () => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    const removal = { expectDigest: digest, keepDigests: [child.digest as Digest] };
    const report = await pair.engine.remove(pair.at("to/app:1"), removal);
    expect(report.manifests).toContain(digest);
    expect(report.kept).toEqual([{ digest: child.digest, by: "keep_digests" }]);
    expect(await pair.tree(pair.at(`to/app@${child.digest}`))).toEqual(treeOf(child));
  });

  test("keeps a layer that keepDigests name", async () => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    const [layer = ""] = Object.keys(treeOf(child).blobs).slice(-1);
    const keepDigests = [layer as Digest];
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest, keepDigests });
    expect(report.manifests).toContain(digest);
    expect(report.kept).toEqual([{ digest: layer, by: "keep_digests" }]);
    expect(await leftOf(pair, image)).toEqual([`blobs/${layer}`]);
  });

  test("takes nothing in a dry run, and says what it would take", async () => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    await put(pair, neighbour, "2");
    const dry = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest, dryRun: true });
    // It asks whether the registry deletes, by names that nothing has.
    const own = JSON.stringify([treeOf(image), treeOf(neighbour)]);
    const deletes = pair.destination.requests.filter(({ method }) => method === "DELETE");
    expect(deletes.length).toBeLessThanOrEqual(2);
    for (const { path } of deletes) expect(own).not.toContain(path.split("/").at(-1));
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
    expect(dry.kept).toEqual([{ digest: expect.any(String) as string, by: "tag 2" }]);
    const wet = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect({ ...wet, manifests: new Set(wet.manifests), blobs: new Set(wet.blobs) }).toEqual({
      ...dry,
      manifests: new Set(dry.manifests),
      blobs: new Set(dry.blobs),
    });
  });

  test("without a digest takes what the tag holds now", async () => {
    const pair = await startPair({ destination });
    await put(pair, image, "1");
    expect((await pair.engine.remove(pair.at("to/app:1"))).manifests).toContain(digest);
    expect(await pair.engine.remove(pair.at("to/app:1"))).toMatchObject({ untagged: true, manifests: [] });
  });

  test("is finished by the next one when it was interrupted at any request", async () => {
    for (let at = 0, struck = true; struck; at += 1) {
      const pair = await startPair({ destination, engine: { retry: { attempts: 1 } } });
      await put(pair, image, "1");
      await put(pair, neighbour, "2");
      let seen = 0;
      struck = false;
      const stop = new AbortController();
      pair.destination.intercept = () => {
        seen += 1;
        if (seen <= at) return undefined;
        struck = true;
        stop.abort();
        return { respond: { status: 503 } };
      };
      const removal = { expectDigest: digest, signal: stop.signal };
      await pair.engine.remove(pair.at("to/app:1"), removal).catch(() => undefined);
      pair.destination.intercept = undefined;
      expect({ at, tree: await pair.tree(pair.at("to/app:2")) }).toEqual({ at, tree: treeOf(neighbour) });
      await pair.newEngine().remove(pair.at("to/app:1"), { expectDigest: digest });
      expect({ at, tag: await pair.tagged(pair.at("to/app:1")) }).toEqual({ at, tag: undefined });
      expect({ at, tree: await pair.tree(pair.at("to/app:2")) }).toEqual({ at, tree: treeOf(neighbour) });
    }
  });
});

describe("a doubt keeps everything, and the report says which", () => {
  const doubts: readonly (readonly [
    string,
    (request: { kind: string; method: string; reference: string }) => boolean,
    string,
  ])[] = [
    ["the list of tags cannot be read", ({ kind }) => kind === "tags", "list tags"],
    ["a tag cannot be resolved", ({ kind, reference }) => kind === "manifest" && reference === "2", "to/app:2"],
    [
      "a neighbour's manifest cannot be read",
      ({ kind, method, reference }) => kind === "manifest" && method === "GET" && reference === neighbourDigest,
      "to/app",
    ],
    ["the referrers cannot be listed", ({ kind }) => kind === "referrers", "list what refers to"],
  ];
  const neighbour = buildImage({ seed: "neighbour", layers: [shared] });
  const neighbourDigest = neighbour.digest;

  test.each(
    doubts.flatMap(([name, match, says]) => [401, 403, 429, 500].map((status) => [name, status, match, says] as const)),
  )("%s (%i)", async (_name, status, match, says) => {
    const pair = await startPair({ engine: { retry: { attempts: 1 } } });
    await put(pair, image, "1");
    await put(pair, neighbour, "2");
    pair.destination.intercept = (request) => (match(request) ? { respond: { status } } : undefined);
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    pair.destination.intercept = undefined;
    expect(report).toMatchObject({ untagged: true, manifests: [], blobs: [], skipped: [{ what: "collection" }] });
    expect(report.skipped[0]?.why).toContain(says);
    expect(await pair.tree(pair.at(`to/app@${digest}`))).toEqual(treeOf(image));
  });

  test.each([
    ["is HTML", "<html>login</html>", "text/html"],
    [
      "is Docker schema 1",
      JSON.stringify({ schemaVersion: 1, name: "x", fsLayers: [] }),
      "application/vnd.docker.distribution.manifest.v1+json",
    ],
    [
      "has both manifests and layers",
      JSON.stringify({ schemaVersion: 2, manifests: [], layers: [] }),
      "application/vnd.oci.image.index.v1+json",
    ],
    ["is empty", "", "application/vnd.oci.image.manifest.v1+json"],
  ])("a neighbour's manifest %s", async (_name, body, type) => {
    const pair = await startPair();
    await put(pair, image, "1");
    await put(pair, neighbour, "2");
    const { createHash } = await import("node:crypto");
    const strange = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    pair.destination.intercept = ({ kind, method, reference }) => {
      if (kind !== "manifest" || (reference !== "2" && reference !== strange)) return undefined;
      const headers = { "Content-Type": type, "Docker-Content-Digest": strange };
      return { respond: { status: 200, headers, body: method === "HEAD" ? "" : body } };
    };
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report).toMatchObject({ untagged: true, manifests: [], blobs: [], skipped: [{ what: "collection" }] });
  });

  test("a listing that misses a tag which this process has put is not believed", async () => {
    const pair = await startPair();
    await put(pair, image, "1");
    await pair.copy(await pair.seed(neighbour), pair.at("to/app:2"));
    pair.destination.intercept = ({ kind }) =>
      kind === "tags" ? { respond: { status: 200, body: '{"name":"to/app","tags":[]}' } } : undefined;
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report.kept.some(({ by }) => by === "tag 2")).toBe(true);
    pair.destination.intercept = undefined;
    expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(neighbour));
  });

  test("a repository unknown to the list is no doubt, any other 404 is", async () => {
    for (const [code, collected] of [
      ["NAME_UNKNOWN", true],
      ["MANIFEST_UNKNOWN", false],
    ] as const) {
      const pair = await startPair();
      await put(pair, image, "1");
      const body = JSON.stringify({ errors: [{ code, message: "no" }] });
      pair.destination.intercept = ({ kind }) => (kind === "tags" ? { respond: { status: 404, body } } : undefined);
      const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
      expect({ code, collected: report.manifests.length > 0 }).toEqual({ code, collected });
    }
  });
});

describe("what somebody does between the mark and the next step", () => {
  const late = buildImage({ seed: "late", layers: [shared] });

  test.each<readonly [string, (request: { kind: string; method: string; reference: string }) => boolean]>([
    ["before the first list", ({ kind }) => kind === "tags"],
    [
      "after the manifests are gone",
      ({ kind, method, reference }) => kind === "manifest" && method === "DELETE" && reference === child.digest,
    ],
  ])("a push of a neighbour %s keeps what he needs", async (_when, match) => {
    const pair = await startPair();
    await put(pair, image, "1");
    let pushed: Promise<unknown> | undefined;
    pair.destination.intercept = (request) => {
      if (pushed !== undefined || !match(request)) return undefined;
      pushed = put(pair, late, "late");
      return { until: pushed };
    };
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report.skipped).toEqual([]);
    expect(pushed).toBeDefined();
    expect(await pair.tree(pair.at("to/app:late"))).toEqual(treeOf(late));
  });
});

describe("registries that do not delete everything", () => {
  test.each([
    ["blobs", "blob", 405, { manifests: 0, blobs: 5 }],
    ["manifests", "manifest", 405, { manifests: 3, blobs: 5 }],
    ["blobs, in other words", "blob", 501, { manifests: 0, blobs: 5 }],
  ])("%s are counted and left to the registry", async (_name, kind, status, unsupported) => {
    const pair = await startPair();
    await put(pair, image, "1");
    const body = JSON.stringify({ errors: [{ code: "UNSUPPORTED", message: "no" }] });
    pair.destination.intercept = (request) =>
      request.kind === kind && request.method === "DELETE" && request.reference !== "1"
        ? { respond: { status, body } }
        : undefined;
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report).toMatchObject({ untagged: true, skipped: [], unsupported });
    expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  });

  test.each([403, 409, 412])(
    "a manifest that is refused with %i keeps what is below it, and the report says why",
    async (status) => {
      const pair = await startPair();
      await put(pair, image, "1");
      pair.destination.intercept = ({ kind, method, reference }) =>
        kind === "manifest" && method === "DELETE" && reference === digest ? { respond: { status } } : undefined;
      const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
      expect(report).toMatchObject({ untagged: true, manifests: [], blobs: [], skipped: [{ what: digest }] });
      expect(await pair.tree(pair.at(`to/app@${digest}`))).toEqual(treeOf(image));
    },
  );

  test("a delete that fails once is tried again after another mark", async () => {
    const pair = await startPair();
    await put(pair, image, "1");
    let failed = 0;
    let lists = 0;
    pair.destination.intercept = ({ kind, method }) => {
      if (kind === "tags") lists += 1;
      if (kind !== "blob" || method !== "DELETE" || failed > 0) return undefined;
      failed = lists;
      return { respond: { status: 503 } };
    };
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report).toMatchObject({ skipped: [], kept: [] });
    expect(await leftOf(pair, image)).toEqual([]);
    expect(lists).toBeGreaterThan(failed);
  });
});

describe("one run serves many removals", () => {
  test("that wait at the same time: every manifest is read once, and the tags are marked a few times in all", async () => {
    const pair = await startPair();
    const images = Array.from({ length: 12 }, (_, at) => buildImage({ seed: `many ${at}`, layers: [shared, 30 + at] }));
    for (const [at, one] of images.entries()) await put(pair, one, `t${at}`);
    pair.resetCounts();
    const going = images.slice(0, 8);
    const reports = await Promise.all(
      going.map((one, at) => pair.engine.remove(pair.at(`to/app:t${at}`), { expectDigest: one.digest as Digest })),
    );
    for (const [at, report] of reports.entries()) {
      expect(report).toMatchObject({ untagged: true, manifests: [going[at]?.digest], skipped: [] });
      expect(report.blobs).toHaveLength(2);
    }
    expect(pair.destination.counts()).toMatchObject({ "GET manifest": 12, "GET tags": 3, "DELETE manifest": 16 });
    const staying = await Promise.all(images.slice(8).map((_, at) => pair.tree(pair.at(`to/app:t${at + 8}`))));
    expect(staying).toEqual(images.slice(8).map(treeOf));
  });
});

test("a registry without lists of referrers is asked for one once", async () => {
  const pair = await startPair({ destination: { referrersApi: false } });
  for (const tag of ["1", "2", "3"]) await put(pair, buildImage({ seed: tag, layers: [50] }), tag);
  pair.resetCounts();
  await pair.engine.remove(pair.at("to/app:1"));
  expect(pair.destination.counts()).toMatchObject({ "GET referrers": 1 });
});

describe("earlier digests of a tag", () => {
  const old = buildImage({ seed: "old", layers: [shared, 60] });
  const oldDigest = old.digest as Digest;

  test("are held by a tag of their own, survive the removal of neighbours, and go when they are collected", async () => {
    const pair = await startPair();
    await put(pair, old, "1");
    expect(await pair.engine.retain(pair.at("to/app:1"), oldDigest)).toBe(true);
    await put(pair, image, "1");
    await put(pair, child, "neighbour");
    await pair.newEngine().remove(pair.at("to/app:neighbour"), { expectDigest: child.digest as Digest });
    expect(await pair.tree(pair.at(`to/app@${oldDigest}`))).toEqual(treeOf(old));
    const report = await pair.newEngine().collect(pair.at("to/app:1"), { digests: [oldDigest] });
    expect(report).toMatchObject({ tags: [retentionTag("1", oldDigest)], manifests: [oldDigest], skipped: [] });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
  });

  test("go with their tag at its removal", async () => {
    const pair = await startPair();
    await put(pair, old, "1");
    await pair.engine.retain(pair.at("to/app:1"), oldDigest);
    await put(pair, image, "1");
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest, previous: [oldDigest] });
    expect(report).toMatchObject({ untagged: true, tags: [retentionTag("1", oldDigest)], kept: [], skipped: [] });
    expect(await leftOf(pair, old)).toEqual([]);
    expect(await leftOf(pair, image)).toEqual([]);
  });

  test("that are gone cannot be held", async () => {
    const pair = await startPair();
    await put(pair, image, "1");
    expect(await pair.engine.retain(pair.at("to/app:1"), oldDigest)).toBe(false);
  });

  test("whose retention tag somebody has moved are collected, and his image stays", async () => {
    const pair = await startPair();
    await put(pair, old, "1");
    await pair.engine.retain(pair.at("to/app:1"), oldDigest);
    await put(pair, child, retentionTag("1", oldDigest));
    await put(pair, image, "1");
    const report = await pair.newEngine().collect(pair.at("to/app:1"), { digests: [oldDigest] });
    expect(report).toMatchObject({ tags: [], manifests: [oldDigest] });
    expect(await pair.tree(pair.at(`to/app:${retentionTag("1", oldDigest)}`))).toEqual(treeOf(child));
  });

  test("have tag names that fit and tell what they are, however long the tag is", () => {
    for (const tag of ["1", "x".repeat(128), "1.2.3-rc.1_build"]) {
      const name = retentionTag(tag, oldDigest);
      expect(name).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
      expect(isRetentionTag(name)).toBe(true);
    }
    const names = new Set(["a", "b"].map((end) => retentionTag("x".repeat(127) + end, oldDigest)));
    expect(names.size).toBe(2);
    expect(isRetentionTag("imagesync-previous")).toBe(false);
  });
});

describe("the collection of a repository", () => {
  test("finishes removals that crashes have left: stand-ins and tags with nothing behind them", async () => {
    const pair = await startPair({ destination: { tagDelete: false } });
    await put(pair, image, "1");
    await put(pair, image, "hollow");
    await put(pair, child, "2");
    const killed = pair.newEngine();
    let puts = 0;
    pair.destination.intercept = ({ kind, method }) => {
      if (kind !== "manifest") return undefined;
      if (method === "PUT") puts += 1;
      // The stand-in arrives; from there on nothing does that this process still tries.
      return puts > 1 || (puts === 1 && method === "DELETE") ? { respond: { status: 500 } } : undefined;
    };
    await killed.remove(pair.at("to/app:1"), { expectDigest: digest, policy: "untag" }).catch(() => undefined);
    let hollow = true;
    pair.destination.intercept = ({ kind, method, reference }) => {
      if (kind === "manifest" && method === "PUT" && reference === "hollow") hollow = false;
      return hollow && kind === "manifest" && reference === "hollow" ? { respond: { status: 404 } } : undefined;
    };
    const dry = await pair.engine.collect(pair.at("to/app"), { dryRun: true });
    expect(new Set(dry.tags)).toEqual(new Set(["1", "hollow"]));
    const report = await pair.engine.collect(pair.at("to/app"));
    expect(new Set(report.tags)).toEqual(new Set(["1", "hollow"]));
    const tags = (await (await fetch(`${pair.destination.url}/v2/to/app/tags/list`)).json()) as { tags: string[] };
    expect(tags.tags).toEqual(["2"]);
  });

  test("takes the digests it is given unless somebody needs them", async () => {
    const pair = await startPair();
    await put(pair, image, "1");
    const lonely = buildImage({ seed: "lonely", layers: [90] });
    await push(lonely, { host: pair.destination.host, repository: "to/app" });
    const digests = [digest, lonely.digest as Digest];
    const report = await pair.engine.collect(pair.at("to/app"), { digests });
    expect(report).toMatchObject({ manifests: [lonely.digest], kept: [{ digest, by: "tag 1" }], skipped: [] });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
  });
});

test("a referrer that only the API lists stays whole when its subject goes", async () => {
  const pair = await startPair();
  await put(pair, image, "1");
  const referrer = buildArtifact({
    seed: "signature",
    blobs: [70],
    subject: descriptorOf(image),
    configType: "application/vnd.x",
  });
  await push(referrer, { host: pair.destination.host, repository: "to/app" });
  const sharing = buildArtifact({ seed: "signature", blobs: [70], configType: "application/vnd.x" });
  await put(pair, sharing, "2");
  await pair.engine.remove(pair.at("to/app:2"), { expectDigest: sharing.digest as Digest });
  await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
  expect(await pair.tree(pair.at(`to/app@${referrer.digest}`))).toEqual(treeOf(referrer));
});
