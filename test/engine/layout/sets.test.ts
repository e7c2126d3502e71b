import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Digest, mergePlans, parseLocation, type Reference, type Report } from "../../../engine/index.ts";
import { buildArtifact } from "../../support/images/artifact.ts";
import {
  buildImage,
  buildIndex,
  buildPlatformIndex,
  descriptorOf,
  push,
  type TestManifest,
  treeOf,
} from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";
import { readTar } from "./test-archive.ts";
import { blobPath, entryOf, readIndex, scratch, treeIn, writeContent, writeIndex, writeLayout } from "./test-layout.ts";

const tags = ["1.0.0", "1.1.0", "2.0.0", "2.0.1-rc.1"];
const images = tags.map((tag) => buildImage({ seed: tag, layers: [{ size: 3000, seed: "base" }, 500] }));

async function seeded(pair: Pair, repository = "from/app"): Promise<Reference> {
  for (const [position, image] of images.entries()) await pair.seed(image, repository, tags[position] ?? "");
  return { registry: pair.source.host, repository, spelled: `${pair.source.host}/${repository}` };
}

function outcomes({ items }: Report): unknown[] {
  return items.map(({ outcome, error }) => error ?? outcome);
}

describe.each(["oci", "oci-archive"])("a set of tags by %s", (transport) => {
  test("goes into a layout, is in place then, and comes out of it", async () => {
    const pair = await startPair();
    const source = await seeded(pair);
    const layout = parseLocation(`${transport}:${await scratch()}/layout`);
    const selection = { mode: "semver" } as const;

    const plan = await pair.engine.plan({ source, destination: layout, selection });
    expect(plan.failures ?? []).toEqual([]);
    expect(outcomes(await pair.engine.apply(plan))).toEqual(["done", "done", "done"]);
    const again = await pair.newEngine().plan({ source, destination: layout, selection });
    expect(again.items.map(({ action }) => action)).toEqual(["skip", "skip", "skip"]);

    const engine = pair.newEngine();
    expect(await engine.tags(layout)).toHaveLength(3);
    const selected = await engine.select({ source: layout, destination: pair.at("to/app"), selection });
    expect(selected).toMatchObject({ highest: "2.0.0", failures: [] });
    const back = await engine.plan({ source: layout, destination: pair.at("to/app"), selection });
    expect(outcomes(await engine.apply(back))).toEqual(["done", "done", "done"]);
    for (const [position, tag] of tags.slice(0, 3).entries())
      expect(await pair.tagged(pair.at(`to/app:${tag}`))).toBe(images[position]?.digest);
  });

  test("of several repositories ends in one layout", async () => {
    const pair = await startPair();
    await push(images[0] as TestManifest, { host: pair.source.host, repository: "a/app", tag: "a" });
    await push(images[1] as TestManifest, { host: pair.source.host, repository: "b/app", tag: "b" });
    const layout = `${transport}:${await scratch()}/layout`;
    const plans = await Promise.all(
      ["a", "b"].map((name) =>
        pair.engine.plan({
          source: parseLocation(`${pair.source.host}/${name}/app:${name}`),
          destination: parseLocation(`${layout}:${name}`),
          additionalTags: [`${name}-too`],
        }),
      ),
    );
    expect(outcomes(await pair.engine.apply(mergePlans(plans)))).toEqual(["done", "done", "done", "done"]);
    expect((await pair.engine.tags(parseLocation(layout))).sort()).toEqual(["a", "a-too", "b", "b-too"]);
  });
});

test("tags that a selection no longer has are taken out of a directory, where deletions are wanted", async () => {
  const pair = await startPair();
  const source = await seeded(pair);
  const directory = await scratch();
  const destination = parseLocation(`oci:${directory}`);
  await pair.engine.apply(await pair.engine.plan({ source, destination, selection: { mode: "all" } }));

  const engine = pair.newEngine();
  const selection = { mode: "all", exclude: ["1.*"] } as const;
  const plan = await engine.plan({ source, destination, selection, policy: { deletions: { maxShare: 1 } } });
  expect(outcomes(await engine.apply(plan)).filter((outcome) => outcome !== "unchanged")).toEqual(["done", "done"]);
  const left = (await readIndex(directory)).manifests.map(({ digest }) => digest);
  // They were written at the same time.
  expect(left).toHaveLength(2);
  expect(new Set<unknown>(left)).toEqual(new Set([images[2]?.digest, images[3]?.digest]));
});

test("a conflict is one in a layout too", async () => {
  const pair = await startPair();
  const source = await seeded(pair);
  const directory = await scratch();
  const other = buildImage({ seed: "theirs", layers: [10] });
  await writeLayout(directory, [["1.0.0", other]]);
  const destination = parseLocation(`oci:${directory}`);
  const selection = { mode: "all", include: ["1.*"] } as const;
  const plan = await pair.engine.plan({ source, destination, selection, policy: { onConflict: "fail" } });
  const report = await pair.engine.apply(plan);
  expect(report.items.map(({ outcome, error }) => error?.code ?? outcome).sort()).toEqual(["conflict", "done"]);
  expect(await treeIn(directory, "1.0.0")).toEqual(treeOf(other));
});

describe("what belongs to an image", () => {
  const index = buildPlatformIndex({ seed: "signed", layers: [1000] });
  const sbom = buildArtifact({
    seed: "sbom",
    blobs: [200],
    artifactType: "application/vnd.example.sbom",
    subject: index,
  });
  const signature = buildArtifact({
    seed: "sig",
    blobs: [100],
    artifactType: "application/vnd.example.sig",
    subject: sbom,
  });
  const cosign = buildImage({ seed: "cosign", layers: [50] });
  const cosignTag = `${index.digest.replace(":", "-")}.sig`;
  const policy = { referrers: {} };

  async function expectAllAt(pair: Pair, repository: string): Promise<void> {
    for (const one of [index, sbom, signature])
      expect(await pair.tree(pair.at(`${repository}@${one.digest}`))).toEqual(treeOf(one));
    expect(await pair.tagged(pair.at(`${repository}:${cosignTag}`))).toBe(cosign.digest);
  }

  test.each(["oci", "oci-archive"])("goes through a layout by %s", async (transport) => {
    const pair = await startPair();
    const source = await pair.seed(index);
    const target = { host: pair.source.host, repository: "from/app" };
    for (const one of [sbom, signature]) await push(one, target);
    await push(cosign, { ...target, tag: cosignTag });
    const path = join(await scratch(), "layout");
    const layout = parseLocation(`${transport}:${path}:1`);

    const plan = await pair.engine.plan({ source, destination: layout, policy });
    expect(plan.items).toHaveLength(4);
    expect(outcomes(await pair.engine.apply(plan))).toEqual(["done", "done", "done", "done"]);
    const engine = pair.newEngine();
    expect((await engine.plan({ source, destination: layout, policy })).items).toMatchObject([{ action: "skip" }]);

    const back = await engine.plan({ source: layout, destination: pair.at("to/app:1"), policy });
    expect(outcomes(await engine.apply(back))).toEqual(["done", "done", "done", "done"]);
    await expectAllAt(pair, "to/app");
    const text =
      transport === "oci" ? await readFile(join(path, "index.json")) : (await readTar(path)).get("index.json");
    const { manifests } = JSON.parse(String(text)) as { manifests: { digest: string; artifactType?: string }[] };
    expect(manifests.find(({ digest }) => digest === sbom.digest)).toEqual({
      ...entryOf(sbom),
      artifactType: "application/vnd.example.sbom",
    });
  });

  test("is found under the fallback tag of other programs, and only what names the image", async () => {
    const pair = await startPair();
    const directory = await scratch();
    const stranger = buildArtifact({ seed: "stranger", blobs: [10], subject: cosign });
    const list = buildIndex({ children: [sbom, stranger] });
    await writeLayout(directory, [["1", index]]);
    for (const one of [sbom, stranger]) await writeContent(directory, one);
    await writeFile(blobPath(directory, list.digest), list.bytes);
    const gone = { ...descriptorOf(signature), annotations: { "org.opencontainers.image.ref.name": "gone" } };
    await writeIndex(directory, {
      schemaVersion: 2,
      manifests: [entryOf(index, "1"), entryOf(list, index.digest.replace(":", "-")), gone],
    });
    const back = await pair.engine.plan({
      source: parseLocation(`oci:${directory}:1`),
      destination: pair.at("to/app:1"),
      policy,
    });
    expect(back.items.map(({ digest }) => digest)).toEqual([index.digest, sbom.digest]);
    expect(outcomes(await pair.engine.apply(back))).toEqual(["done", "done"]);
    expect(await pair.tagged(pair.at(`to/app@${sbom.digest as Digest}`))).toBe(sbom.digest);
  });
});
