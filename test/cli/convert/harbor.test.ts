import { describe, expect, test } from "vitest";
import { convertText } from "../../../cli/convert/convert-text.ts";

type Filter = readonly [type: string, value: unknown, decoration?: string];

/** What becomes of a policy that pulls from a registry into the Harbor, with these filters. */
function converted(filters: readonly Filter[]): { readonly text: string; readonly warnings: readonly string[] } {
  const policy = {
    name: "pull",
    src_registry: { url: "https://quay.io" },
    dest_registry: { id: 0 },
    filters: filters.map(([type, value, decoration]) => ({ type, value, decoration })),
    override: true,
  };
  return convertText("policies.json", JSON.stringify([policy]), { to: "native", registry: "harbor.example.com" });
}

const sourcesIn = (text: string): string[] => text.match(/(?<=source: quay\.io\/)\S+/g) ?? [];

describe("the name filters of a policy", () => {
  test.each([
    [[["name", "team/app"]], ["team/app"]],
    [[["name", "{team,other}/{a,b}"]], ["team/a", "team/b", "other/a", "other/b"]],
    [
      [
        ["name", "team/{a,b}"],
        ["name", "team/{b,c}"],
      ],
      ["team/b"],
    ],
  ] satisfies [Filter[], string[]][])("%j name %j", (filters, sources) => {
    const { text, warnings } = converted(filters);
    expect(sourcesIn(text)).toEqual(sources);
    expect(warnings).toEqual([]);
  });

  test.each([
    [[["name", "team/**"]], "takes repositories by a pattern"],
    [
      [
        ["name", "team/a"],
        ["name", "team/?"],
      ],
      "takes repositories by a pattern",
    ],
    [[], "takes repositories by a pattern"],
    [
      [
        ["name", "team/a"],
        ["name", "team/b"],
      ],
      "no repository matches all of its name filters",
    ],
  ] satisfies [Filter[], string][])("%j name none, and it is said that it %s", (filters, why) => {
    const { text, warnings } = converted(filters);
    expect(sourcesIn(text)).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(why)]);
  });
});

test("a filter by label is lost, and it is said that more is copied", () => {
  const { text, warnings } = converted([
    ["name", "team/app"],
    ["label", ["qa"]],
  ]);
  expect(sourcesIn(text)).toEqual(["team/app"]);
  expect(warnings).toEqual([expect.stringContaining("only Harbor knows labels: tags without it are copied too")]);
});

test("several filters by tag are told of when they mean something else here, and only then", () => {
  const name = ["name", "team/app"] as const;
  const excluded = converted([name, ["tag", "v*"], ["tag", "*-rc*", "excludes"], ["tag", "*-beta", "excludes"]]);
  expect(excluded.warnings).toEqual([]);
  const matched = converted([name, ["tag", "v*"], ["tag", "*-lts"]]);
  expect(matched.warnings).toEqual([expect.stringContaining("has to match all filters by tag there")]);
});
