import { randomUUID } from "node:crypto";
import { lstat, lutimes, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { fileErrorCode } from "./fault.ts";
import { readSmall } from "./regular-file.ts";

/** A lock that is held: nobody else works on what it is for. */
export interface HeldLock {
  /** Whether it is still ours: who was stopped for long may have lost it. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** After so long without a sign of life a holder on another machine is taken for dead, in milliseconds. */
const staleAfterMs = 60_000;

/** How often a holder gives that sign, in milliseconds. */
const heartbeatMs = 10_000;

const pollMs = 25;

/** What a lock says has some dozen bytes. */
const maxLockBytes = 4096;

/**
 * Takes a lock for which an entry of a directory stands, against other processes. A holder on this machine that is dead does not hold it
 * any more, nor does one elsewhere that gives no sign of life.
 * @param waitMs how long to wait for who has it.
 * @returns undefined when somebody else still has it then.
 */
export async function lockFile(
  path: string,
  { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<HeldLock | undefined> {
  const token = `${process.pid}@${hostname()}#${randomUUID()}`;
  const until = Date.now() + waitMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await create(path, token)) return hold(path, token);
    if (await takeAway(path)) continue;
    if (Date.now() >= until) return undefined;
    await pause(pollMs, undefined, { signal });
  }
}

function hold(path: string, token: string): HeldLock {
  const isHeld = async (): Promise<boolean> => (await contentOf(path)) === token;
  const beat = setInterval(() => {
    const now = new Date();
    // Who has lost the lock finds out where it counts, before writing.
    lutimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  beat.unref();
  return {
    isHeld,
    release: async () => {
      clearInterval(beat);
      if (await isHeld()) await rm(path, { force: true });
    },
  };
}

/** File systems without symbolic links, and users without the right to make them. */
const noLinks: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "EACCES",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EINVAL",
]);

/**
 * A symbolic link that leads nowhere: it is there with what it says or not at all, where a file could be there and empty
 * when its writer is killed.
 */
async function create(path: string, token: string): Promise<boolean> {
  try {
    await symlink(token, path);
    return true;
  } catch (error) {
    if (fileErrorCode(error) === "EEXIST") return false;
    if (noLinks.has(fileErrorCode(error))) return await createFile(path, token);
    throw error;
  }
}

async function createFile(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: "wx" });
    return true;
  } catch (error) {
    if (fileErrorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Takes the lock from a dead holder. False while it is alive. */
async function takeAway(path: string): Promise<boolean> {
  const content = await contentOf(path);
  if (content === undefined) return true;
  if (isAlive(content, await lastSign(path))) return false;
  // Of several that see the same dead holder one gets its file.
  const taken = `${path}.${randomUUID()}`;
  try {
    await rename(path, taken);
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return true;
    throw error;
  }
  const got = await contentOf(taken);
  // A faster one has taken it already and this is its own lock: back with it.
  if (got !== undefined && got !== content) await create(path, got);
  await rm(taken, { force: true });
  return true;
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return undefined;
    // It is a file then.
    if (fileErrorCode(error) !== "EINVAL" && fileErrorCode(error) !== "UNKNOWN") throw error;
  }
  try {
    return new TextDecoder().decode(await readSmall(path, maxLockBytes));
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function lastSign(path: string): Promise<number> {
  try {
    return (await lstat(path)).mtimeMs;
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return 0;
    throw error;
  }
}

function isAlive(content: string, lastSignMs: number): boolean {
  const age = Date.now() - lastSignMs;
  const [, pid, host] = /^(\d{1,9})@(.*)#[0-9a-f-]{36}$/.exec(content) ?? [];
  // Of another machine, or a file whose writer is just at it, or has died at that.
  if (pid === undefined || host !== hostname()) return age < staleAfterMs;
  // A container that was killed and starts again has the name that it had, and its processes their numbers.
  if (Number(pid) === process.pid && age > process.uptime() * 1000) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    // A process of another user cannot be asked, but is there.
    return fileErrorCode(error) !== "ESRCH";
  }
}
