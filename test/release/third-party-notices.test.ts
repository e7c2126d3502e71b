import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageLicence } from "../../tools/release/package-licence.ts";
import { noticesName, thirdPartyNotices } from "../../tools/release/third-party-notices.ts";
import { targetName, targets } from "../../tools/release/target.ts";
import { patient } from "../acceptance/stage.ts";
import { packageDirectory } from "../support/terraform/index.ts";
import { released, releaseFile } from "./release-directory.ts";
import { entriesOf } from "./unpack.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "imagesync-notices-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** Installs a package that has these files. */
async function installed(name: string, license: unknown, files: Readonly<Record<string, string>>): Promise<string> {
  const place = await mkdtemp(join(directory, "package-"));
  await writeFile(join(place, "package.json"), JSON.stringify({ name, version: "1.2.3", license }));
  for (const [file, content] of Object.entries(files)) await writeFile(join(place, file), content);
  return place;
}

describe("the licence of a package", () => {
  test.each([["LICENSE"], ["LICENCE.md"], ["license"], ["License.txt"], ["LICENSE-MIT"], ["COPYING"]])(
    "is read from %s, with line ends as everywhere",
    async (file) => {
      const place = await installed("good", "MIT", { [file]: "\r\nCopyright somebody\r\nPermission\r\n" });
      expect(await packageLicence(place)).toEqual({
        name: "good",
        version: "1.2.3",
        licence: "MIT",
        text: "Copyright somebody\nPermission",
      });
    },
  );

  test("has with it what its authors want to be said", async () => {
    const place = await installed("noted", "Apache-2.0", { LICENSE: "Apache License", NOTICE: "Made by somebody" });
    expect((await packageLicence(place)).text).toBe("Apache License\n\nMade by somebody");
  });

  test.each([[{}], [{ LICENSE: " \n" }], [{ NOTICE: "Made by somebody" }], [{ "README.md": "License: MIT" }]])(
    "is missing when the package has %j",
    async (files) => {
      const place = await installed("textless", "MIT", files);
      await expect(packageLicence(place)).rejects.toThrow("textless 1.2.3 has no text of its licence");
      await expect(thirdPartyNotices({ version: "1.0.0", packages: [place], runtime: false })).rejects.toThrow(
        "textless 1.2.3",
      );
    },
  );

  test.each([
    ["GPL-3.0-only"],
    ["SEE LICENSE IN LICENSE"],
    ["UNLICENSED"],
    ["MIT AND GPL-3.0-only"],
    ["MIT OR (ISC AND GPL-3.0-only)"],
    ["((MIT))"],
    ["mit"],
    [""],
    [undefined],
    [{ type: "MIT" }],
  ])("is refused when it is %j", async (licence) => {
    const place = await installed("strict", licence, { LICENSE: "some text" });
    const allowed = "is passed on is under 0BSD, Apache-2.0, BSD-2-Clause, BSD-3-Clause, ISC, MIT";
    await expect(packageLicence(place)).rejects.toThrow(allowed);
  });

  test.each([["MIT OR GPL-3.0-only"], ["(Apache-2.0 AND BSD-3-Clause)"], ["GPL-2.0-only OR MIT AND ISC"]])(
    "may be %s",
    async (licence) => {
      const place = await installed("chosen", licence, { LICENSE: "some text" });
      expect((await packageLicence(place)).licence).toBe(licence);
    },
  );
});

test("packages with the same text share it, in an order that is always the same", async () => {
  const files = { LICENSE: "the same text" };
  const packages = await Promise.all(["b", "a", "c"].map((name) => installed(name, "MIT", files)));
  const other = await installed("aa", "ISC", { LICENSE: "another text" });
  const options = { version: "1.0.0", runtime: false };
  const notices = await thirdPartyNotices({ ...options, packages: [other, ...packages] });
  expect(notices).toContain("a 1.2.3 (MIT)\nb 1.2.3 (MIT)\nc 1.2.3 (MIT)\n\nthe same text\n");
  expect(notices.match(/the same text/g)).toHaveLength(1);
  expect(await thirdPartyNotices({ ...options, packages: [...packages, other] })).toBe(notices);
});

/** A package by its name and version, as the notices name it. */
async function named(name: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join("node_modules", name, "package.json"), "utf8"));
  return `${name} ${(manifest as { readonly version: string }).version} (`;
}

/** What the project depends on, by its own manifest, but for some. */
async function dependencies(...without: readonly string[]): Promise<readonly string[]> {
  const { dependencies } = JSON.parse(await readFile("package.json", "utf8")) as { readonly dependencies: object };
  return Object.keys(dependencies).filter((name) => !without.includes(name));
}

describe.skipIf(!released)("the notices in a release", patient, () => {
  test.each(targets.map((target) => [targetName(target), target] as const))(
    "of the provider for %s name all that it is made of",
    async (name, { library }) => {
      const entries = await entriesOf(await releaseFile(`${name}.zip`));
      const notices =
        entries
          .find((entry) => entry.name === noticesName)
          ?.content()
          .toString() ?? "";
      // What the provider does not need is not in it.
      for (const each of await dependencies("@bomb.sh/tab", "commander", "yaml")) {
        expect(notices).toContain(await named(each));
      }
      expect(notices).toContain("Copyright 2008 Google Inc.");
      expect(notices).toContain("Bun 1.4.5 (MIT)");
      expect(notices.includes("GNU LESSER GENERAL PUBLIC LICENSE")).toBe(library !== undefined);
      expect(notices.includes("https://snapshot.debian.org/package/glibc/2.36-8/")).toBe(library !== undefined);
    },
  );

  test("of the npm package name all that is in its programs, but no runtime", async () => {
    const notices = await readFile(join(packageDirectory, "npm/imagesync", noticesName), "utf8");
    for (const each of await dependencies()) expect(notices).toContain(await named(each));
    expect(notices).not.toContain("Bun");
    expect(notices).not.toContain("GNU");
  });
});
