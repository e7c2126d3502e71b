import { describe, expect, test } from "vitest";
import { configOf, like, mistakesIn } from "./content.ts";

/** The keys of one image, under the name `app`. */
function images(...keys: readonly string[]): string {
  return `images:\n  app:\n    source: docker.io/project/image\n    destination: gcr.io/private/image\n${keys.map((key) => `    ${key}\n`).join("")}`;
}

async function ruleOf(content: string): Promise<object | undefined> {
  const config = await configOf(content);
  expect(config.format).toBe("replicant");
  const [first] = config.rules;
  return first && { ...first.rule.selection, ...first.rule.policy };
}

const usual = { replaceTags: false, sameImage: "image-id", referrers: {} };

describe("a file of replicant", () => {
  test("R1: takes the highest version when no mode is said, or an empty one", async () => {
    expect(await ruleOf(images())).toEqual({ mode: "highest", ...usual });
    expect(await ruleOf(images('mode: ""'))).toEqual({ mode: "highest", ...usual });
    expect(await ruleOf(images("mode:"))).toEqual({ mode: "highest", ...usual });
  });

  test.each(["highest", "higher", "semver", "all"])("R2, R3, R4: knows the mode %s", async (mode) => {
    expect(await ruleOf(images(`mode: ${mode}`))).toEqual({ mode, ...usual });
  });

  test("R4: takes every tag with the mode all, whatever versions it asks for", async () => {
    const everything = { mode: "all", ...usual };
    expect(await ruleOf(images("mode: all", "compatibility: alpine", "pinned-major: 6"))).toEqual(everything);
    expect(await ruleOf(images("mode: all", "allow-prerelease: true"))).toEqual(everything);
  });

  test("R7: of the first age lets versions with a suffix count, of the later one only an exact suffix", async () => {
    expect(await ruleOf(images("allow-prerelease: yes"))).toEqual({ mode: "highest", allowPrerelease: true, ...usual });
    expect(await ruleOf(images("allow-prerelease: off"))).toEqual({ mode: "highest", ...usual });
    expect(await ruleOf(images("compatibility: alpine"))).toEqual({
      mode: "highest",
      compatibility: "alpine",
      ...usual,
    });
    expect(await ruleOf(images("compatibility: 3.10"))).toEqual({ mode: "highest", compatibility: "3.10", ...usual });
    expect(await ruleOf(images('compatibility: ""'))).toEqual({ mode: "highest", ...usual });
  });

  test("R9: leaves tags that are there, and follows the source's when it says replace-tag", async () => {
    expect(await ruleOf(images("replace-tag: true"))).toEqual({ mode: "highest", ...usual, replaceTags: true });
    expect(await ruleOf(images("replace-tag: false"))).toEqual({ mode: "highest", ...usual });
  });

  test("R11: has a mode for all images, and pins the major as a number or as a text", async () => {
    expect(await ruleOf(`mode: semver\n${images()}`)).toEqual({ mode: "semver", ...usual });
    expect(await ruleOf(`mode: semver\n${images("mode: all")}`)).toEqual({ mode: "all", ...usual });
    for (const major of ["0", "'0'", '"+0"']) {
      expect(await ruleOf(images(`pinned-major: ${major}`))).toEqual({ mode: "highest", pinnedMajor: 0, ...usual });
    }
  });

  test("names its rules by the images, with their lines", async () => {
    const { rules } = await configOf(
      "images:\n  a:\n    source: velero/velero\n    destination: eu.gcr.io/x/velero\n  b:\n    source: docker\n    destination: eu.gcr.io/x/docker\n",
    );
    expect(rules.map(({ name, line, rule }) => [name, line, rule.source.repository])).toEqual([
      ["a", 2, "velero/velero"],
      ["b", 5, "library/docker"],
    ]);
  });

  test("may have keys that mean nothing, which is said, and more documents than the first", async () => {
    const { rules, warnings } = await configOf(`verbose: true\n${images("pinnedmajor: 6")}---\nimages: 5\n`);
    expect(rules).toHaveLength(1);
    expect(warnings.toSorted()).toEqual([
      '<stdin>:1:1: the key "verbose" has no meaning here and is ignored',
      '<stdin>:6:5: the key "pinnedmajor" has no meaning here and is ignored; did you mean "pinned-major"?',
      "<stdin>:7:1: only the first document of the file is read, as ever",
    ]);
  });

  test.each([
    [images("mode: heighest"), '5:11: "mode" cannot be "heighest"; did you mean "highest"?'],
    [`mode: latest\n${images()}`, '1:7: "mode" cannot be "latest"; possible are "highest", "higher", "semver", "all"'],
    [images("pinned-major: six"), '5:19: "pinned-major" must be a whole number from 0 to 1024, not "six"'],
    [images("pinned-major: -1"), '5:19: "pinned-major" must be a whole number from 0 to 1024, not "-1"'],
    [images('replace-tag: "true"'), '5:18: "replace-tag" must be true or false, not the text "true"'],
    [images("mode: [all]"), '5:11: "mode" must be a text, not a list'],
    ["images:\n  a:\n    source: x\n", '2:3: "destination" is missing in "a"'],
    ["images:\n  a:\n    source: x:1\n    destination: r.example/x\n", /^3:5: a repository has no tag/],
    ["images:\n  a:\n", '2:5: "a" must be a map, not nothing'],
    ["images:\n  a: ...\n", /^2:6: /],
  ])("is refused with the place of the mistake: %j", async (content, expected) => {
    expect(await mistakesIn(content)).toEqual([like(expected)]);
  });

  test("is read as one when the format says so", async () => {
    expect(await mistakesIn("images: []\n", { format: "replicant" })).toEqual([
      '1:9: "images" must be a map, not a list',
    ]);
    expect(await mistakesIn("mode: all\n", { format: "replicant" })).toEqual(['1:1: "images" is missing']);
  });
});
