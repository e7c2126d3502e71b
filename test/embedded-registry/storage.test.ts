import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { diskStorage } from "../../embedded-registry/storage-disk.ts";
import { memoryStorage } from "../../embedded-registry/storage-memory.ts";
import type { Storage } from "../../embedded-registry/storage.ts";
import { digestOf } from "../support/registries/protocol-steps.ts";

describe.each(["memory", "disk"])("storage in %s", (kind) => {
  let directory: string;
  let storage: Storage;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-storage-"));
    storage = kind === "disk" ? await diskStorage(directory) : memoryStorage();
  });

  afterAll(() => rm(directory, { recursive: true }));

  test("whatever the pieces of an upload are, every range of it is right", async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), fc.nat(), async (parts, from, to) => {
        const whole = Buffer.concat(parts);
        const staging = await storage.stage();
        for (const part of parts) await staging.append(Readable.from([Buffer.from(part)], { objectMode: false }));
        expect((await buffer(staging.open())).equals(whole)).toBe(true);
        await staging.keep(digestOf(whole));
        const [start, end] = [from % whole.length, to % whole.length].toSorted((a, b) => a - b) as [number, number];
        const range = await buffer(storage.open(digestOf(whole), { start, end }));
        expect(range.equals(whole.subarray(start, end + 1))).toBe(true);
        expect(await storage.size(digestOf(whole))).toBe(whole.length);
      }),
      { numRuns: 50 },
    );
  });

  test("records are kept apart by repository and shelf", async () => {
    const digest = digestOf("record");
    await storage.set("a", "tags", "one", digest);
    await storage.set("a", `referrers/${digest}`, digest, "{}");
    expect(await storage.get("a", "tags", "one")).toBe(digest);
    expect(await storage.get("a/b", "tags", "one")).toBeUndefined();
    expect(await storage.get("a", "layers", "one")).toBeUndefined();
    expect(await storage.keys("a", "tags")).toEqual(["one"]);
    expect(await storage.keys("a", `referrers/${digest}`)).toEqual([digest]);
    expect(await storage.keys("a", `referrers/${digestOf("other")}`)).toEqual([]);
    expect([await storage.knows("a"), await storage.knows("a/b")]).toEqual([true, false]);
    expect([await storage.remove("a", "tags", "one"), await storage.remove("a", "tags", "one")]).toEqual([true, false]);
  });
});

test("memory is freed with the last repository that names the bytes", async () => {
  const storage = memoryStorage();
  const digest = digestOf("content");
  await storage.keep(digest, Buffer.from("content"));
  await storage.set("a", "layers", digest, "");
  await storage.set("b", "manifests", digest, "application/x");
  await storage.remove("a", "layers", digest);
  expect(await storage.size(digest)).toBe(7);
  await storage.remove("b", "manifests", digest);
  expect(await storage.size(digest)).toBeUndefined();
});
