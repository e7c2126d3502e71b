import { expect, test } from "vitest";
import { buildImage, buildIndex, push, treeOf } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

test("with integrity blobs a new index brings back layers that a platform it reuses has lost", async () => {
  const pair = await startPair();
  const kept = buildImage({ seed: "kept", layers: [700, 900] });
  const before = buildIndex({ children: [kept] });
  const after = buildIndex({ children: [kept, buildImage({ seed: "added", layers: [400] })] });
  await push(before, { host: pair.destination.host, repository: "to/app", tag: "1" });
  const source = await pair.seed(after);
  const lost = kept.blobs.at(-1)?.digest ?? "";
  const deleted = await fetch(`${pair.destination.url}/v2/to/app/blobs/${lost}`, { method: "DELETE" });
  expect(deleted.status).toBe(202);

  expect(await pair.copy(source, pair.at("to/app:1"), { integrity: "blobs" })).toMatchObject({ outcome: "done" });
  expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(after));
});
