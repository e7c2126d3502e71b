import { expect, test } from "vitest";
import { type Digest, retentionTag } from "../../../engine/index.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const current = buildImage({ seed: "current", layers: [300] });
const earlier = buildImage({ seed: "earlier", layers: [300] });
const previous = [earlier.digest as Digest];
const held = retentionTag("1", earlier.digest as Digest);

/** A registry that deletes digests only, where a removal was killed when the earlier image's tag held its stand-in. */
async function startKilled(): Promise<Pair> {
  const pair = await startPair({ destination: { tagDelete: false }, engine: { retry: { attempts: 1 } } });
  const at = { host: pair.destination.host, repository: "to/app" };
  await push(current, { ...at, tag: "1" });
  await push(earlier, { ...at, tag: held });
  const killed = pair.newEngine();
  let replaced = false;
  pair.destination.intercept = ({ kind, method, reference }) => {
    if (replaced) return { respond: { status: 418 } };
    replaced = kind === "manifest" && method === "PUT" && reference === held;
    return undefined;
  };
  await killed.collect(pair.at("to/app:1"), { digests: previous, policy: "untag" });
  pair.destination.intercept = undefined;
  expect([undefined, earlier.digest]).not.toContain(await pair.tagged(pair.at(`to/app:${held}`)));
  return pair;
}

test.each([
  ["next update", (pair: Pair) => pair.engine.collect(pair.at("to/app:1"), { digests: previous })],
  [
    "destroy",
    (pair: Pair) => pair.engine.remove(pair.at("to/app:1"), { expectDigest: current.digest as Digest, previous }),
  ],
])("a stand-in on the tag of an earlier image is taken away by the %s", async (_name, finish) => {
  const pair = await startKilled();
  const { tags, skipped } = await finish(pair);
  expect({ tags, skipped }).toEqual({ tags: [held], skipped: [] });
  expect(await pair.tagged(pair.at(`to/app:${held}`))).toBeUndefined();
});

test("what somebody else has put on the tag of an earlier image stays", async () => {
  const pair = await startPair({ destination: { tagDelete: false } });
  await push(current, { host: pair.destination.host, repository: "to/app", tag: held });
  const { tags } = await pair.engine.collect(pair.at("to/app:1"), { digests: previous });
  expect(tags).toEqual([]);
  expect(await pair.tagged(pair.at(`to/app:${held}`))).toBe(current.digest);
});
