import { mkdir, readdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ErrorCode, parseLocation, type Reference } from "../../../engine/index.ts";
import { buildImage, buildIndex, type TestManifest } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";
import { blobPath, entryOf, readIndex, scratch, writeContent, writeIndex, writeLayout } from "./test-layout.ts";

const image = buildImage({ seed: "app", layers: [4000, 70_000] });
const [config, layer] = image.blobs.map(({ digest }) => digest);

function at(directory: string, rest = ":1"): Reference {
  return parseLocation(`oci:${directory}${rest}`);
}

/** A layout with one image, to be damaged. */
async function layout(of: TestManifest = image): Promise<string> {
  const directory = join(await scratch(), "layout");
  await writeLayout(directory, [["1", of]]);
  return directory;
}

interface Refusal {
  readonly code: ErrorCode;
  readonly message?: string;
}

/** Nothing of the image gets to a registry as a tag, and the error says what is wrong with the source. */
async function expectNotCopied(pair: Pair, directory: string, { code, message = "" }: Refusal): Promise<void> {
  const copied = pair.copy(at(directory), pair.at("to/app:1")).then(({ error }) => error ?? "copied");
  await expect(copied.catch((error: unknown) => error)).resolves.toMatchObject({
    code,
    side: "source",
    message: expect.stringContaining(message) as string,
  });
  expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
}

describe("content that is not what it should be is not copied", () => {
  test.each<readonly [string, (directory: string) => Promise<void>, Refusal]>([
    ["a layer that is missing", (directory) => rm(blobPath(directory, layer ?? "")), { code: "not-found" }],
    [
      "a layer that is cut off",
      (directory) => truncate(blobPath(directory, layer ?? ""), 10),
      { code: "size-mismatch" },
    ],
    [
      "a layer with other bytes of the same size",
      (directory) => writeFile(blobPath(directory, layer ?? ""), Buffer.alloc(4000, 1)),
      { code: "digest-mismatch" },
    ],
    [
      "a directory in the place of a layer",
      async (directory) => {
        await rm(blobPath(directory, layer ?? ""));
        await mkdir(blobPath(directory, layer ?? ""));
      },
      { code: "manifest-invalid", message: "it is no file" },
    ],
    ["a manifest that is missing", (directory) => rm(blobPath(directory, image.digest)), { code: "not-found" }],
    [
      "a manifest that is longer than its entry says",
      (directory) => writeFile(blobPath(directory, image.digest), `${String(image.bytes)} `),
      { code: "size-mismatch" },
    ],
    [
      "another manifest of the same size",
      (directory) => writeFile(blobPath(directory, image.digest), Buffer.from(image.bytes).fill("[", 0, 1)),
      { code: "digest-mismatch" },
    ],
    [
      "a manifest of gigabytes",
      async (directory) => {
        await truncate(blobPath(directory, image.digest), 3 * 1024 ** 3);
        await writeIndex(directory, { schemaVersion: 2, manifests: [{ ...entryOf(image, "1"), size: 3 * 1024 ** 3 }] });
      },
      { code: "limit" },
    ],
    [
      "an index of gigabytes",
      (directory) => truncate(join(directory, "index.json"), 3 * 1024 ** 3),
      { code: "limit", message: "index.json" },
    ],
    [
      "an index of a million entries that mean nothing",
      (directory) => writeIndex(directory, `{"schemaVersion":2,"manifests":[${"0,".repeat(1_000_000)}0]}`),
      { code: "limit", message: "1000001 entries" },
    ],
    ["an index that is no JSON", (directory) => writeIndex(directory, "<html>"), { code: "manifest-invalid" }],
    ["an index that is a list", (directory) => writeIndex(directory, []), { code: "manifest-invalid" }],
    [
      "an index of another schema",
      (directory) => writeIndex(directory, { schemaVersion: 1, manifests: [] }),
      { code: "manifest-invalid" },
    ],
    [
      "an index whose manifests are no list",
      (directory) => writeIndex(directory, { schemaVersion: 2, manifests: {} }),
      { code: "manifest-invalid" },
    ],
    [
      "an entry whose digest is a path",
      (directory) =>
        writeIndex(directory, {
          schemaVersion: 2,
          manifests: [{ ...entryOf(image, "1"), digest: "sha256:../../../../../../etc/passwd" }],
        }),
      { code: "manifest-invalid", message: "its digest is" },
    ],
    [
      "an entry whose algorithm is a path",
      (directory) =>
        writeIndex(directory, {
          schemaVersion: 2,
          manifests: [{ ...entryOf(image, "1"), digest: `../..:${image.digest.slice(7)}` }],
        }),
      { code: "manifest-invalid" },
    ],
    [
      "a layout of a later version",
      (directory) => writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}'),
      { code: "unsupported", message: '"2.0.0"' },
    ],
    [
      "a layout of no version",
      (directory) => writeFile(join(directory, "oci-layout"), "1.0.0"),
      { code: "manifest-invalid" },
    ],
    ["no layout", (directory) => rm(join(directory, "oci-layout")), { code: "config", message: "no OCI layout" }],
  ])("%s", async (_name, damage, refusal) => {
    const directory = await layout();
    await damage(directory);
    await expectNotCopied(await startPair(), directory, refusal);
  });

  test("a manifest that names itself as a child", async () => {
    // Its digest cannot be in it: what stands there is a manifest of another name with the bytes of this one.
    const parent = buildIndex({ children: [image] });
    const directory = await layout(parent);
    await writeFile(blobPath(directory, image.digest), parent.bytes);
    await expectNotCopied(await startPair(), directory, { code: "digest-mismatch" });
  });
});

describe("no link is followed", () => {
  test.each(["index.json", "oci-layout", `blobs/sha256/${config?.slice(7)}`, "blobs/sha256", "blobs"])(
    "in the place of %s",
    async (name) => {
      const pair = await startPair();
      const directory = await layout();
      const outside = join(await scratch(), "outside");
      await rename(join(directory, name), outside);
      await symlink(outside, join(directory, name));
      await expectNotCopied(pair, directory, { code: "manifest-invalid" });

      // Nor written through.
      const before = await readdir(join(outside, ".."), { recursive: true });
      const other = await pair.seed(buildImage({ seed: "other", layers: [10] }));
      const copied = pair.copy(other, at(directory, ":2")).then(({ outcome }) => outcome);
      const outcome = await copied.catch(() => "failed");
      // A link in the place of a blob that it does not have is in nobody's way.
      expect(outcome).toBe(name.includes(config?.slice(7) ?? "-") ? "done" : "failed");
      expect(await readdir(join(outside, ".."), { recursive: true })).toEqual(before);
    },
  );

  test("but the directory itself may be one", async () => {
    const pair = await startPair();
    const directory = await layout();
    const link = `${directory}-link`;
    await symlink(directory, link);
    expect(await pair.copy(at(link), pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  });
});

test("a pipe in the place of a file is refused and not waited for", async () => {
  const { execFileSync } = await import("node:child_process");
  const pair = await startPair();
  for (const name of ["index.json", "oci-layout", `blobs/sha256/${layer?.slice(7)}`]) {
    const directory = await layout();
    await rm(join(directory, name));
    execFileSync("mkfifo", [join(directory, name)]);
    await expectNotCopied(pair, directory, { code: "manifest-invalid", message: "it is no file" });
  }
});

test("entries that nobody asks for may be anything", async () => {
  const pair = await startPair();
  const directory = await layout();
  const { manifests } = await readIndex(directory);
  const strange = [null, 7, [], {}, { digest: 7 }, { ...entryOf(image, "2"), size: "x" }, { annotations: [] }];
  await writeIndex(directory, { schemaVersion: 2, manifests: [...strange, ...manifests] });
  expect(await pair.engine.tags(at(directory, ""))).toEqual(["1"]);
  expect(await pair.copy(at(directory), pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  expect(await pair.copy(pair.at("to/app:1"), at(directory, ":3"))).toMatchObject({ outcome: "done" });
  expect((await readIndex(directory)).manifests.slice(0, strange.length)).toEqual(strange);
});

test("an index that nobody could read again is not written", async () => {
  const pair = await startPair();
  const directory = await layout();
  const { manifests } = await readIndex(directory);
  const full = [...manifests, ...Array.from({ length: 100_000 - manifests.length }, () => 0)];
  await writeIndex(directory, { schemaVersion: 2, manifests: full });
  const other = await pair.seed(buildImage({ seed: "other", layers: [10] }));
  expect(await pair.copy(other, at(directory, ":2"))).toMatchObject({ outcome: "failed", error: { code: "limit" } });
  expect((await readIndex(directory)).manifests).toHaveLength(full.length);
});

test("a name that is no tag is kept and not listed", async () => {
  const pair = await startPair();
  const directory = await layout();
  await writeContent(directory, image);
  const names = ["\u001b[2J", "../../x", "with space", "", "__proto__", "x".repeat(500), "a.example/app"];
  await writeIndex(directory, { schemaVersion: 2, manifests: names.map((name) => entryOf(image, name)) });
  expect(await pair.engine.tags(at(directory, ""))).toEqual(["__proto__"]);
  expect(await pair.engine.resolve(at(directory, ":__proto__"))).toMatchObject({ digest: image.digest });
  await expect(pair.engine.resolve(at(directory, ":constructor"))).rejects.toMatchObject({ code: "not-found" });
});
