import { expect, test } from "vitest";
import { buildImage, buildIndex, push, treeOf } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

test("a child that is there without a tag and has lost a layer is made whole before an index names it", async () => {
  const pair = await startPair();
  const child = buildImage({ seed: "child", layers: [300, 400] });
  const untagged = buildIndex({ children: [child] });
  const index = buildIndex({ children: [untagged] });
  const at = { host: pair.destination.host, repository: "to/app" };
  await push(buildImage({ seed: "before", layers: [200] }), { ...at, tag: "1" });
  await push(untagged, at);
  // Nothing leads to it, so whoever deletes an image with the same layer cannot know.
  const lost = child.blobs.at(-1)?.digest ?? "";
  await fetch(`${pair.destination.url}/v2/to/app/blobs/${lost}`, { method: "DELETE" });
  pair.resetCounts();
  const destination = pair.at("to/app:1");
  const item = await pair.copy(await pair.seed(index), destination);
  expect(item).toMatchObject({ outcome: "done", blobs: { copied: 1, present: 2 } });
  expect(await pair.tree(destination)).toEqual(treeOf(index));
  // What is there is not sent again.
  expect(pair.destination.counts()).toMatchObject({ "PUT upload": 1, "PUT manifest": 1 });
});
