import { execFileSync, spawnSync } from "node:child_process";
import { lutimes, readdir, readlink, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lockFile } from "../../../engine/layout/lock-file.ts";
import { scratch } from "./test-layout.ts";

const nonce = "00000000-0000-4000-8000-000000000000";
const longAgo = new Date(Date.now() - 3_600_000);

/** A process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

test("one has it, the next one when it is given back", async () => {
  const path = join(await scratch(), "lock");
  const first = await lockFile(path, { waitMs: 0 });
  expect(await first?.isHeld()).toBe(true);
  expect(await lockFile(path, { waitMs: 0 })).toBeUndefined();
  const waiting = lockFile(path, { waitMs: 60_000 });
  await first?.release();
  expect(await first?.isHeld()).toBe(false);
  const second = await waiting;
  expect(await second?.isHeld()).toBe(true);
  await second?.release();
  expect(await readdir(join(path, ".."))).toEqual([]);
});

test("a dead holder does not have it any more, whoever sees that first", async () => {
  const path = join(await scratch(), "lock");
  await symlink(`${deadPid()}@${hostname()}#${nonce}`, path);
  const taken = await Promise.all(Array.from({ length: 8 }, () => lockFile(path, { waitMs: 0 })));
  const held = await Promise.all(taken.map(async (lock) => (await lock?.isHeld()) === true));
  expect(held.filter(Boolean)).toHaveLength(1);
});

test.each([
  ["alive on this machine, however long ago", `${process.ppid}@${hostname()}#${nonce}`, longAgo, false],
  // A container that was killed and starts again has the same name, and numbers its processes alike.
  ["of our number before we began", `${process.pid}@${hostname()}#${nonce}`, longAgo, true],
  ["of our number since", `${process.pid}@${hostname()}#${nonce}`, new Date(), false],
  ["on another machine, a moment ago", `1@elsewhere.example#${nonce}`, new Date(), false],
  ["on another machine, long ago", `1@elsewhere.example#${nonce}`, longAgo, true],
  ["that nobody can read, a moment ago", "what is this", new Date(), false],
  ["that nobody can read, long ago", "what is this", longAgo, true],
])("of a holder %s", async (_name, content, at, isFree) => {
  const path = join(await scratch(), "lock");
  await symlink(content, path);
  await lutimes(path, at, at);
  const lock = await lockFile(path, { waitMs: 0 });
  expect(lock !== undefined).toBe(isFree);
  await lock?.release();
  const left = await readlink(path).catch(() => undefined);
  expect(left).toBe(isFree ? undefined : content);
});

test("where there are no links, a file stands for it", async () => {
  const path = join(await scratch(), "lock");
  await writeFile(path, `${process.pid}@${hostname()}#${nonce}`);
  expect(await lockFile(path, { waitMs: 0 })).toBeUndefined();
  await writeFile(path, `${deadPid()}@${hostname()}#${nonce}`);
  const lock = await lockFile(path, { waitMs: 0 });
  expect(await lock?.isHeld()).toBe(true);
  await lock?.release();
  // Killed before it had written who it is.
  await writeFile(path, "");
  expect(await lockFile(path, { waitMs: 0 })).toBeUndefined();
  await utimes(path, longAgo, longAgo);
  expect(await lockFile(path, { waitMs: 0 })).toBeDefined();
});

test("what no lock can be is an error and not waited for", async () => {
  const directory = await scratch();
  const pipe = join(directory, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(lockFile(pipe, { waitMs: 0 })).rejects.toMatchObject({ message: expect.stringContaining("no file") });
  const huge = join(directory, "huge");
  await writeFile(huge, "");
  await truncate(huge, 3 * 1024 ** 3);
  await expect(lockFile(huge, { waitMs: 0 })).rejects.toMatchObject({ code: "limit" });
});

test("whoever lost it does not take the next one's away", async () => {
  const path = join(await scratch(), "lock");
  const lost = await lockFile(path, { waitMs: 0 });
  await rm(path);
  const next = await lockFile(path, { waitMs: 0 });
  expect(await lost?.isHeld()).toBe(false);
  await lost?.release();
  expect(await next?.isHeld()).toBe(true);
  await next?.release();
});

test("waiting ends with a stop", async () => {
  const path = join(await scratch(), "lock");
  const held = await lockFile(path, { waitMs: 0 });
  const stop = new AbortController();
  const waiting = lockFile(path, { waitMs: 60_000, signal: stop.signal });
  stop.abort(new Error("Enough"));
  await expect(waiting).rejects.toMatchObject({ name: expect.stringMatching(/^(?:Abort)?Error$/) as string });
  await held?.release();
});
