import { expect, test } from "vitest";
import type { Digest } from "../../../engine/index.ts";
import { buildImage, buildIndex, push, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const child = buildImage({ seed: "child", layers: [300, 400] });
const index = buildIndex({ children: [child] });
const digest = index.digest as Digest;

/** The tag has moved on to another image by somebody else's hand, and the one before has lost a layer of its child. */
async function startLost(): Promise<Pair> {
  const pair = await startPair();
  const at = { host: pair.destination.host, repository: "to/app" };
  await push(index, { ...at, tag: "1" });
  await push(buildImage({ seed: "somebody else's", layers: [200] }), { ...at, tag: "1" });
  const lost = child.blobs.at(-1)?.digest ?? "";
  await fetch(`${pair.destination.url}/v2/to/app/blobs/${lost}`, { method: "DELETE" });
  return pair;
}

test("an earlier image that has lost content below its index is not held by a tag", async () => {
  const pair = await startLost();
  expect(await pair.engine.retain(pair.at("to/app:1"), digest)).toBe(false);
  const tags = (await (await fetch(`${pair.destination.url}/v2/to/app/tags/list`)).json()) as { tags: unknown };
  expect(tags.tags).toEqual(["1"]);
});

test("a tag that comes back to an image that has lost content gets it whole", async () => {
  const pair = await startLost();
  const destination = pair.at("to/app:1");
  expect(await pair.copy(await pair.seed(index), destination)).toMatchObject({ outcome: "done" });
  expect(await pair.tree(destination)).toEqual(treeOf(index));
});
