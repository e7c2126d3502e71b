import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Engine, Reference, ReportItem } from "../../engine/index.ts";
import { skopeoProgram } from "../acceptance/skopeo.ts";
import { only } from "../engine/pair.ts";
import { buildImage, buildPlatformIndex, imageKinds, type TestManifest, treeOf } from "../support/images/index.ts";
import { countingProxy, dockerRegistryProgram, type DockerRegistryOptions } from "../support/registries/index.ts";
import { engineFor, type ReachableRegistry, reachRegistry } from "./reachable-registry.ts";

const missing = [dockerRegistryProgram, skopeoProgram].includes(undefined);
const index = buildPlatformIndex({ seed: "copied", layers: [4000, 2000], shared: 70_000 });

async function copy(engine: Engine, source: Reference, destination: Reference): Promise<ReportItem> {
  const item = only(await engine.apply(await engine.plan({ source, destination })));
  if (item.error !== undefined) throw item.error;
  return item;
}

/** Distinct blobs and manifests, and the bytes of the former. */
function amount(image: TestManifest): { readonly blobs: number; readonly manifests: number; readonly bytes: number } {
  const tree = treeOf(image);
  const sizes = Object.values(tree.blobs);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return { blobs: sizes.length, manifests: Object.keys(tree.manifests).length, bytes };
}

/** The witnesses: our own reader of trees, byte for byte, and skopeo's word for the digest. */
async function expectWhole(registry: ReachableRegistry, reference: Reference, image: TestManifest): Promise<void> {
  expect(await registry.tree(reference)).toEqual(treeOf(image));
  expect(await registry.witness(reference)).toBe(image.digest);
  expect(await registry.openUploads()).toEqual([]);
}

describe.skipIf(missing)("between two docker-registries, each kind of image arrives byte for byte", () => {
  const closing: (() => Promise<void>)[] = [];
  let source: ReachableRegistry;
  let destination: ReachableRegistry;
  beforeAll(async () => {
    source = await reachRegistry({}, (close) => closing.push(close));
    destination = await reachRegistry({}, (close) => closing.push(close));
  });
  afterAll(async () => {
    await Promise.all(closing.map((close) => close()));
  });

  const kinds = imageKinds.filter((kind) => kind.distribution2);
  test.each(kinds)("$name, and a second copy asks each side once", async (kind) => {
    const image = kind.build();
    const repository = `kinds/${kind.name.toLowerCase().replaceAll(" ", "-")}`;
    await source.seed(image, `${repository}:1`);
    const from = await countingProxy(source.host);
    onTestFinished(() => from.close());
    const to = await countingProxy(destination.host);
    onTestFinished(() => to.close());
    const engine = engineFor([from, to]);
    const here = { ...source.at(`${repository}:1`), registry: from.host };
    const there = { ...destination.at(`mirror/${repository}:1`), registry: to.host };

    const { blobs, manifests, bytes } = amount(image);
    expect(await copy(engine, here, there)).toMatchObject({
      outcome: "done",
      item: { digest: image.digest },
      bytes,
      blobs: { copied: blobs, mounted: 0, present: 0 },
    });
    expect(to.counts()).toEqual({
      "HEAD manifest": 1,
      ...(blobs === 0 ? {} : { "POST upload": blobs, "PUT upload": blobs }),
      "PUT manifest": manifests,
      "GET manifest": 1,
    });
    await expectWhole(destination, destination.at(`mirror/${repository}:1`), image);

    for (const again of [engine, engineFor([from, to])]) {
      from.reset();
      to.reset();
      expect(await copy(again, here, there)).toMatchObject({ outcome: "unchanged", bytes: 0 });
      expect([from.counts(), to.counts()]).toEqual([{ "HEAD manifest": 1 }, { "HEAD manifest": 1 }]);
    }
  });
});

const variants: readonly (readonly [string, DockerRegistryOptions])[] = [
  ["that want a login by htpasswd", { auth: "htpasswd" }],
  ["with TLS and authorities of their own", { tls: true }],
  ["that want tokens", { auth: "token" }],
  ["with TLS that want a login", { tls: true, auth: "htpasswd" }],
  ["that remember blobs in memory", { memoryCache: true }],
];

describe.skipIf(missing)("between two docker-registries", () => {
  test.each(variants)("%s, an index arrives whole, and a second copy costs two requests", async (_name, options) => {
    const [source, destination] = await Promise.all([reachRegistry(options), reachRegistry(options)]);
    const engine = engineFor([source, destination]);
    const here = await source.seed(index, "team/app:1");
    const there = destination.at("mirror/app:1");
    const { blobs, bytes } = amount(index);
    expect(await copy(engine, here, there)).toMatchObject({ outcome: "done", bytes, blobs: { copied: blobs } });
    await expectWhole(destination, there, index);

    const before = engine.statistics().requests;
    expect(await copy(engine, here, there)).toMatchObject({ outcome: "unchanged" });
    expect(engine.statistics().requests - before).toBe(2);
  });

  test("a later image brings only the layers that are new, also to a process that knows nothing", async () => {
    const [source, destination] = await Promise.all([reachRegistry(), reachRegistry()]);
    const base = buildImage({ seed: "base", layers: [1_200_000, 5000] });
    const shared = [
      { size: 1_200_000, seed: "base/0" },
      { size: 5000, seed: "base/1" },
    ];
    const update = buildImage({ seed: "update", layers: [...shared, 700] });
    const there = destination.at("mirror/app:1");
    await copy(engineFor([source, destination]), await source.seed(base, "team/app:1"), there);
    const item = await copy(engineFor([source, destination]), await source.seed(update, "team/app:1"), there);
    expect(item).toMatchObject({ outcome: "done", blobs: { copied: 2, mounted: 0, present: 2 } });
    await expectWhole(destination, there, update);
    expect(await destination.tree(destination.at(`mirror/app@${base.digest}`))).toEqual(treeOf(base));
  });
});

describe.skipIf(missing)("within one docker-registry", () => {
  const kinds: readonly (readonly [string, DockerRegistryOptions])[] = [
    ["without a login", {}],
    ["that wants one token for both repositories", { auth: "token" }],
  ];
  test.each(kinds)("%s, blobs are mounted into the other repository and no byte travels", async (_name, options) => {
    const registry = await reachRegistry(options);
    const engine = engineFor([registry]);
    const source = await registry.seed(index, "team/app:1");
    const destination = registry.at("mirror/app:1");
    const { blobs } = amount(index);
    expect(await copy(engine, source, destination)).toMatchObject({
      outcome: "done",
      bytes: 0,
      blobs: { copied: 0, mounted: blobs, present: 0 },
    });
    await expectWhole(registry, destination, index);
    expect(await registry.tree(source)).toEqual(treeOf(index));
  });
});

test.skipIf(missing)(
  "a registry with TLS cannot lead the login to a token server without, and nothing is written",
  async () => {
    const options = { tls: true, auth: "token" } as const;
    const registry = await reachRegistry(options);
    const source = await registry.seed(index, "team/app:1");
    const issued = registry.running.tokenServer?.issued();
    const before = await registry.links();
    await expect(copy(engineFor([registry]), source, registry.at("mirror/app:1"))).rejects.toMatchObject({
      code: "redirect-refused",
    });
    expect(registry.running.tokenServer?.issued()).toBe(issued);
    expect(await registry.links()).toEqual(before);
  },
);
