import { describe, expect, test } from "vitest";
import type { Selection } from "../../../engine/index.ts";
import { buildImage } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";
import { pushTags, setRule } from "./tag-sets.ts";

const image = buildImage({ seed: "one", layers: [100] });

/** What a plan warns of, with these tags at the source and at the destination. */
async function warnings(
  selection: Selection,
  source: readonly string[],
  destination: readonly string[] = [],
): Promise<readonly string[]> {
  const pair = await startPair();
  const tagged = (tags: readonly string[]): Record<string, typeof image> =>
    Object.fromEntries(tags.map((tag) => [tag, image]));
  await pushTags(pair.source.host, "from/app", tagged(source));
  await pushTags(pair.destination.host, "to/app", tagged(destination));
  const plan = await pair.engine.plan(setRule(pair, selection));
  return (plan.warnings ?? []).map((warning) => warning.replace(pair.source.host, "SOURCE"));
}

describe("a selection that takes none of the tags", () => {
  test.each<[string, Selection, string]>([
    ["a glob", { include: ["v*"] }, "1.0: no pattern includes it"],
    ["a major number", { mode: "highest", pinnedMajor: 7 }, "1.0: its major number is not 7"],
    ["higher", { mode: "higher" }, "1.0: the destination has no version yet that it could be above"],
  ])("says so with a tag and the reason: by %s", async (_by, selection, said) => {
    expect(await warnings(selection, ["2.0", "1.0"])).toEqual([
      `None of the 2 tags of SOURCE/from/app is selected (${said})`,
    ]);
  });

  test("says so of the only tag, also where it is named", async () => {
    const said = "The only tag of SOURCE/from/app is not selected (edge: it is no version";
    expect(await warnings({ mode: "semver" }, ["edge"])).toEqual([expect.stringContaining(said)]);
    expect(await warnings({ mode: "semver", tags: ["edge"] }, ["edge"])).toEqual([expect.stringContaining(said)]);
  });

  test("says nothing where the destination has the highest version already", async () => {
    expect(await warnings({ mode: "higher" }, ["1.0"], ["1.0"])).toEqual([]);
  });

  test("says so where the destination has tags, but no version", async () => {
    expect(await warnings({ mode: "higher" }, ["1.0"], ["edge"])).toHaveLength(1);
  });
});

test("a selection that takes one tag has nothing to say of the others", async () => {
  expect(await warnings({ mode: "highest" }, ["1.0", "2.0", "edge"])).toEqual([]);
});
