import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { invoke } from "./invoke.ts";
import { openStage, type Stage } from "./sync/stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
  for (const tag of ["1.0.0", "1.1.0", "2.0.0", "2.1.0-rc1", "edge"]) await stage.push("app", tag, "the same");
});

afterEach(async () => {
  await stage.close();
});

const tags = (...words: string[]): ReturnType<typeof invoke> =>
  invoke(["tags", "--plain-http", ...words, `${stage.source.host}/app`]);

describe("tags", () => {
  test("lists all of them, a line each", async () => {
    const { code, stdout, stderr } = await tags();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(new Set(stdout.trimEnd().split("\n"))).toEqual(new Set(["1.0.0", "1.1.0", "2.0.0", "2.1.0-rc1", "edge"]));
  });

  test.each([
    ["the highest version", ["--mode", "highest"], "2.0.0\n"],
    ["every version, lowest first", ["--mode", "semver"], "1.0.0\n1.1.0\n2.0.0\n"],
    ["prereleases too", ["--mode", "highest", "--allow-prerelease"], "2.1.0-rc1\n"],
    ["a range", ["--mode", "semver", "--range", ">=1.1 <2"], "1.1.0\n"],
    ["a major number", ["--mode", "semver", "--pinned-major", "1"], "1.0.0\n1.1.0\n"],
    ["the latest so many", ["--mode", "semver", "--keep-latest", "2"], "1.1.0\n2.0.0\n"],
    ["a glob with a comma", ["--include", "{edge,none}"], "edge\n"],
    ["an expression", ["--exclude-regex", "[0-9].*"], "edge\n"],
    ["flavours", ["--mode", "semver", "--compatibility", "rc1"], "2.1.0-rc1\n"],
  ])("selects %s", async (_name, flags, expected) => {
    expect(await tags(...flags)).toMatchObject({ code: 0, stdout: expected });
  });

  test("selects what is higher than at the destination, which may not be there yet", async () => {
    const there = ["--mode", "higher", "--destination", `${stage.destination.host}/app`];
    expect(await tags(...there)).toMatchObject({ code: 0, stdout: "" });
    expect(await tags(...there, "--higher-on-empty", "highest")).toMatchObject({ code: 0, stdout: "2.0.0\n" });
    const copied = [`${stage.source.host}/app:1.0.0`, `${stage.destination.host}/app:1.0.0`];
    await invoke(["copy", ...copied, "--plain-http"]);
    expect(await tags(...there)).toMatchObject({ code: 0, stdout: "1.1.0\n2.0.0\n" });
  });

  test("with --verbose tells why the others are not taken, on standard error", async () => {
    const { stdout, stderr } = await tags("--mode", "highest", "-v");
    expect(stdout).toBe("2.0.0\n");
    expect(stderr).toContain("1.1.0: there is a higher version\n2.1.0-rc1: it is a prerelease\n");
  });

  test("is one object of JSON on request", async () => {
    const { stdout } = await tags("--mode", "highest", "-o", "json");
    expect(JSON.parse(stdout)).toMatchObject({
      repository: `${stage.source.host}/app`,
      tags: ["2.0.0"],
      highest: "2.0.0",
      ignoredCount: 4,
    });
  });

  test.each([
    ["an image", ["tags", "127.0.0.1:1/app:1"], "names an image"],
    ["a bad range", ["tags", "--range", "what", "127.0.0.1:1/app"], "range"],
    ["a hostile expression", ["tags", "--include-regex", "(", "127.0.0.1:1/app"], "includeRegex"],
  ])("%s is a mistake of usage, told before anything is asked", async (_name, words, said) => {
    const { code, stderr } = await invoke(words);
    expect(code).toBe(64);
    expect(stderr).toContain(said);
  });

  test("a repository that is not there ends with 3, as an image does, and with what may help", async () => {
    const { code, stderr } = await invoke(["tags", "--plain-http", `${stage.source.host}/none`]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: Cannot list tags at .*none: .*\n {2}Check the spelling of the repository;/);
  });
});
