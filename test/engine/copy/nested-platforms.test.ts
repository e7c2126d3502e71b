import { expect, test } from "vitest";
import { parsePlatform, type Reference } from "../../../engine/index.ts";
import {
  buildImage,
  buildIndex,
  descriptorOf,
  manifestOf,
  push,
  types,
  type TestManifest,
} from "../../support/images/index.ts";
import { failureOf } from "../failure.ts";
import { type Pair, startPair } from "../pair.ts";

const amd64 = buildImage({ seed: "deep", layers: [500] });
const arm64 = buildImage({ seed: "deep", layers: [500], platform: { os: "linux", architecture: "arm64" } });

/** An index that lists what it holds so many times, and nothing of its platform. */
function repeated(child: TestManifest, times: number): TestManifest {
  const document = {
    schemaVersion: 2,
    mediaType: types.oci.index,
    manifests: Array.from({ length: times }, () => descriptorOf(child)),
  };
  return manifestOf(types.oci.index, document, { children: [child] });
}

function nested(levels: number, times: number): TestManifest {
  let top = buildIndex({ children: [amd64, arm64] });
  for (let level = 1; level < levels; level += 1) top = repeated(top, times);
  return top;
}

async function seeded(pair: Pair, image: TestManifest): Promise<Reference> {
  await push(image, { host: pair.source.host, repository: "from/app", tag: "1" });
  return { ...pair.at("from/app:1"), registry: pair.source.host, spelled: `${pair.source.host}/from/app` };
}

test("indexes that list each other a thousand times are looked into once each", async () => {
  const pair = await startPair();
  const source = await seeded(pair, nested(6, 1000));
  pair.resetCounts();
  const { platforms } = await pair.engine.inspect(source, { platforms: true });
  expect(platforms).toEqual(
    new Map([
      ["linux/amd64", amd64.digest],
      ["linux/arm64", arm64.digest],
    ]),
  );
  expect(pair.source.counts()["GET manifest"]).toBe(6);
});

test("a platform is found below indexes, and selected from there", async () => {
  const pair = await startPair();
  const source = await seeded(pair, nested(3, 2));
  const platforms = [parsePlatform("linux/arm64")];
  expect(await pair.copy(source, pair.at("to/app:1"), { platforms })).toMatchObject({ outcome: "done" });
  const { manifests } = await pair.tree(pair.at("to/app:1"));
  expect(Object.keys(manifests)).toContain(arm64.digest);
  expect(Object.keys(manifests)).not.toContain(amd64.digest);
});

test("indexes nested deeper than anybody means are refused", async () => {
  const pair = await startPair();
  const source = await seeded(pair, nested(12, 1));
  const error = await failureOf(() => pair.engine.inspect(source, { platforms: true }));
  expect(error).toMatchObject({ code: "limit" });
});
