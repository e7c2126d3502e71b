import { describe, expect, test } from "vitest";
import { buildImage, buildIndex, push, treeOf, type TestManifest } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const child = buildImage({ seed: "child", layers: [800, 900] });
const index = buildIndex({ children: [child, buildImage({ seed: "other child", layers: [700] })] });
const later = buildImage({ seed: "later", layers: [600] });

/** An image that was at the tag, is not any more, and has lost content since. */
async function rollback(image: TestManifest, lost: string): Promise<{ pair: Pair; source: ReturnType<Pair["at"]> }> {
  const pair = await startPair();
  const source = await pair.seed(image);
  await pair.copy(source, pair.at("to/app:1"));
  await push(later, { host: pair.destination.host, repository: "to/app", tag: "1" });
  const { status } = await fetch(`${pair.destination.url}/v2/to/app/${lost}`, { method: "DELETE" });
  expect(status).toBe(202);
  return { pair, source };
}

describe("going back to an image that a garbage collector has damaged", () => {
  test.each([
    ["a platform's manifest", index, `manifests/${child.digest}`],
    ["a layer", child, `blobs/${child.blobs[1]?.digest}`],
    ["the config", child, `blobs/${child.blobs[0]?.digest}`],
  ])("brings back %s", async (_what, image, lost) => {
    const { pair, source } = await rollback(image, lost);
    const engine = pair.newEngine();
    expect(await pair.copy(source, pair.at("to/app:1"), { engine })).toMatchObject({ outcome: "done" });
    const { missing } = await engine.inspect(pair.at("to/app:1"), { depth: "blobs" });
    expect(missing.manifests).toEqual([]);
    expect((await pair.tree(pair.at("to/app:1"))).digest).toBe(treeOf(image).digest);
  });

  test("brings back a layer of a platform where layers are looked at", async () => {
    const { pair, source } = await rollback(index, `blobs/${child.blobs[1]?.digest}`);
    const item = await pair.copy(source, pair.at("to/app:1"), { engine: pair.newEngine(), integrity: "blobs" });
    expect(item).toMatchObject({ outcome: "done", item: { action: "repair" }, blobs: { copied: 1 } });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
  });
});

test("a manifest that answers to HEAD only is put again", async () => {
  const pair = await startPair();
  const source = await pair.seed(index);
  await pair.copy(source, pair.at("to/app:1"));
  let lost = true;
  pair.destination.intercept = ({ method, kind }) => {
    if (method === "PUT") lost = false;
    return lost && method === "GET" && kind === "manifest" ? { respond: { status: 404, body: "{}" } } : undefined;
  };
  const item = await pair.copy(source, pair.at("to/app:1"), { engine: pair.newEngine(), integrity: "manifests" });
  expect(item).toMatchObject({ outcome: "done", item: { action: "repair" } });
  expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
});
