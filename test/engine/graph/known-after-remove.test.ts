import { expect, test } from "vitest";
import type { Digest } from "../../../engine/index.ts";
import { buildImage, buildIndex, treeOf } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

test("what a registry deletes together with the last tag is brought again by the same process", async () => {
  const child = buildImage({ seed: "deleted with its tag", layers: [800] });
  const index = buildIndex({ children: [child] });
  // A registry that checks nothing would take the index without its child.
  const pair = await startPair({ destination: { allowSparseIndex: true } });
  const source = await pair.seed(index);
  await pair.copy(source, pair.at("to/app:1"));
  const laterThanTheCopy = Date.now() + 60_000;
  await pair.engine.remove(pair.at("to/app:1"), { expectDigest: index.digest as Digest, since: laterThanTheCopy });
  expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  for (const { digest } of [index, child]) {
    await fetch(`${pair.destination.url}/v2/to/app/manifests/${digest}`, { method: "DELETE" });
  }
  expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(index));
});
