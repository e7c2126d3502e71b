import { describe, expect, onTestFinished, test } from "vitest";
import { type Digest, parseReference } from "../../../engine/index.ts";
import { engineAt } from "../../matrix/engine-at.ts";
import { buildImage, buildIndex, fetchTree, push, treeOf } from "../../support/images/index.ts";
import { startProfile } from "../../support/registries/profiles/index.ts";
import { startPair } from "../pair.ts";

const day = 86_400_000;

describe("a registry that lists every manifest", () => {
  const lonely = buildImage({ seed: "lonely", layers: [100] });
  const child = buildImage({ seed: "child", layers: [200] });
  const index = buildIndex({ children: [child] });

  test("is freed of what no tag and no index holds, and only when that is asked for", async () => {
    const place = "project/repo/app";
    const registry = await startProfile("gar", { repositories: [place] });
    onTestFinished(() => registry.close());
    const engine = engineAt(registry, true);
    onTestFinished(() => engine.close());
    const at = { ...(await registry.endpoint(place)), repository: place };
    await push(index, { ...at, tag: "1" });
    await push(lonely, at);
    const repository = parseReference(`${registry.host}/${place}`);
    expect(await engine.collect(repository)).toMatchObject({ manifests: [], skipped: [] });
    const report = await engine.collect(repository, { untaggedOlderThanMs: 30 * day });
    expect(report).toMatchObject({ manifests: [lonely.digest], skipped: [] });
    expect(report.kept).toEqual([{ digest: child.digest as Digest, by: "tag 1" }]);
    expect(await fetchTree(await registry.endpoint(place), place, "1")).toEqual(treeOf(index));
  });
});

test("a registry that does not is said to be one, and nothing is collected", async () => {
  const pair = await startPair();
  await push(buildImage({ seed: "lonely", layers: [100] }), { host: pair.destination.host, repository: "to/app" });
  const report = await pair.engine.collect(pair.at("to/app"), { untaggedOlderThanMs: 0 });
  expect(report).toMatchObject({ manifests: [], skipped: [{ what: "untagged" }] });
  expect(report.skipped[0]?.why).toContain("does not list what no tag holds");
});
