import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatLock, type History, type LockReaders, parseLock } from "../../../cli/lock/lock-document.ts";
import { LockFile } from "../../../cli/lock/lock-file.ts";
import { UsageError } from "../../../cli/usage-error.ts";
import { canonicalReference, type Digest, isDigest, parseReference } from "../../../engine/index.ts";

const readers: LockReaders = { isDigest, canonical: (text) => canonicalReference(parseReference(text)) };
const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const seen = (letter: string, day = "01"): { digest: Digest; firstSeen: string } => ({
  digest: digestOf(letter),
  firstSeen: `2026-01-${day}T00:00:00Z`,
});

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "imagesync-lock-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const at = (name: string): string => join(directory, name);

describe.each(["lock.json", "lock.yaml"])("a lock file %s", (name) => {
  test("that is not there has seen nothing, and is written with what is new", async () => {
    const lock = await LockFile.open(at(name), readers);
    expect(lock.newest("r.example/app:1")).toBeUndefined();
    lock.remember("r.example/b:1", seen("b"));
    lock.remember("r.example/a:1", seen("a"));
    await lock.save();
    const again = await LockFile.open(at(name), readers);
    expect(again.newest("r.example/a:1")).toEqual(seen("a"));
    const text = await readFile(at(name), "utf8");
    expect(text.indexOf("r.example/a:1")).toBeLessThan(text.indexOf("r.example/b:1"));
    expect(await readdir(directory)).toEqual([name]);
  });

  test("keeps the history of a tag, the newest last", async () => {
    for (const letter of ["a", "b", "a"]) {
      const lock = await LockFile.open(at(name), readers);
      lock.remember("r.example/app:1", seen(letter));
      await lock.save();
    }
    const lock = await LockFile.open(at(name), readers);
    expect(lock.newest("r.example/app:1")).toEqual(seen("a"));
    expect(lock.knows("r.example/app:1", digestOf("b"))).toBe(true);
    expect((await readFile(at(name), "utf8")).match(/sha256:/g)).toHaveLength(3);
  });

  test("is not touched when nothing is new", async () => {
    const lock = await LockFile.open(at(name), readers);
    lock.remember("r.example/app:1", seen("a"));
    await lock.save();
    const before = await readFile(at(name), "utf8");
    const again = await LockFile.open(at(name), readers);
    again.remember("r.example/app:1", seen("a", "31"));
    await again.save();
    expect(await readFile(at(name), "utf8")).toBe(before);
  });

  test("keeps what another process has written since it was read", async () => {
    const [one, other] = [await LockFile.open(at(name), readers), await LockFile.open(at(name), readers)];
    one.remember("r.example/one:1", seen("a"));
    other.remember("r.example/other:1", seen("b"));
    await Promise.all([one.save(), other.save()]);
    const both = await LockFile.open(at(name), readers);
    expect([both.newest("r.example/one:1"), both.newest("r.example/other:1")]).toEqual([seen("a"), seen("b")]);
  });

  test.each([
    ["long ago", 0],
    ["by a clock that was set back since", 4e9],
  ])("that a crashed process has held %s is written all the same", async (_when, seconds) => {
    await writeFile(at(`${name}.lock`), "");
    await utimes(at(`${name}.lock`), seconds, seconds);
    const lock = await LockFile.open(at(name), readers);
    lock.remember("r.example/app:1", seen("a"));
    await lock.save();
    expect(await readdir(directory)).toEqual([name]);
  });

  test("that cannot be written tells what helps, and nothing of older versions", async () => {
    const lock = await LockFile.open(at(`nowhere/${name}`), readers);
    lock.remember("r.example/app:1", seen("a"));
    const hint = "Name a file that can be read, in a folder that can be written to";
    await expect(lock.save()).rejects.toMatchObject({ hint });
    await expect(LockFile.open(directory, readers)).rejects.toMatchObject({ hint });
  });

  test("reads what it writes", async () => {
    const entry = fc.record({
      digest: fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as Digest),
      firstSeen: fc
        .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
        .map((date) => date.toISOString()),
    });
    const tag = fc
      .tuple(
        fc.stringMatching(/^[a-z]{1,5}\.example$/),
        fc.stringMatching(/^[a-z]{1,8}$/),
        fc.stringMatching(/^[a-z0-9]{1,8}$/),
      )
      .map(([host, repository, tag]) => `${host}/${repository}:${tag}`);
    const history = fc.array(fc.tuple(tag, fc.array(entry, { minLength: 1, maxLength: 4 })), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(history, async (entries) => {
        const written: History = new Map(entries);
        const form = name.endsWith("yaml") ? "yaml" : "json";
        expect(new Map(await parseLock(await formatLock(written, form), name, readers))).toEqual(new Map(written));
      }),
      { numRuns: 50 },
    );
  });
});

describe("a lock file that is not as it was written is an error, never an empty one", () => {
  const entry = `[{"digest": "${digestOf("a")}", "firstSeen": "2026-01-01T00:00:00Z"}]`;

  test.each([
    ["empty", ""],
    ["cut off", '{"version": 1, "tags": {'],
    ["a list", "[]"],
    ["null", "null"],
    ["of another version", '{"version": 2, "tags": {}}'],
    ["without tags", '{"version": 1}'],
    ["with something unknown", '{"version": 1, "tags": {}, "more": 1}'],
    ["with a prototype", '{"version": 1, "tags": {}, "__proto__": {}}'],
    ["with tags named like prototypes", `{"version": 1, "tags": {"__proto__": ${entry}}}`],
    ["with a repository for a tag", `{"version": 1, "tags": {"r.example/app": ${entry}}}`],
    ["with a short name", `{"version": 1, "tags": {"nginx:1": ${entry}}}`],
    ["with no digests", '{"version": 1, "tags": {"r.example/app:1": []}}'],
    [
      "with a bad digest",
      '{"version": 1, "tags": {"r.example/app:1": [{"digest": "x", "firstSeen": "2026-01-01T00:00:00Z"}]}}',
    ],
    [
      "with a bad time",
      `{"version": 1, "tags": {"r.example/app:1": [{"digest": "${digestOf("a")}", "firstSeen": "now"}]}}`,
    ],
  ])("%s", async (_name, text) => {
    await writeFile(at("lock.json"), text);
    const error = await LockFile.open(at("lock.json"), readers).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(at("lock.json"));
    expect(await readFile(at("lock.json"), "utf8")).toBe(text);
  });

  test.each([
    ["aliases that grow", "version: 1\ntags: &a {x: &b [*a, *a]}\n"],
    ["a name that is there twice", `version: 1\ntags:\n  r.example/app:1: ${entry}\n  r.example/app:1: ${entry}\n`],
    ["very deep", `version: 1\ntags: ${"[".repeat(100_000)}`],
  ])("YAML with %s", async (_name, text) => {
    await writeFile(at("lock.yaml"), text);
    await expect(LockFile.open(at("lock.yaml"), readers)).rejects.toThrow(UsageError);
  });

  test("too large, which is not even read", async () => {
    await writeFile(at("lock.yaml"), " ".repeat(4 * 1024 * 1024 + 1));
    await expect(LockFile.open(at("lock.yaml"), readers)).rejects.toThrow("at most");
  });

  test("a directory", async () => {
    await expect(LockFile.open(directory, readers)).rejects.toThrow(UsageError);
  });

  test("whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        const read = parseLock(text, "any.json", readers);
        await expect(read).rejects.toThrow(UsageError);
      }),
    );
  });
});

test("a directory that is not there cannot be written to, and that is told", async () => {
  const lock = await LockFile.open(at("none/lock.json"), readers);
  lock.remember("r.example/app:1", seen("a"));
  await expect(lock.save()).rejects.toThrow(UsageError);
});
