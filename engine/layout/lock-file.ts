import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { fileErrorCode } from "./fault.ts";

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

/**
 * Takes a lock for which a file stands, against other processes. A holder on this machine that is dead does not hold it
 * any more, nor does one elsewhere that gives no sign of life.
 * @param waitMs how long to wait for who has it.
 * @returns undefined when somebody else still has it then.
 */
export async function lockFile(
  path: string,
  { waitMs, signal }: { readonly waitMs: number; readonly signal?: AbortSignal | undefined },
): Promise<HeldLock | undefined> {
  const token = JSON.stringify({ pid: process.pid, host: hostname(), nonce: randomUUID() });
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
    utimes(path, now, now).catch(() => undefined);
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

async function create(path: string, token: string): Promise<boolean> {
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
    return await readFile(path, "utf8");
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function lastSign(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (fileErrorCode(error) === "ENOENT") return 0;
    throw error;
  }
}

function isAlive(content: string, lastSignMs: number): boolean {
  const age = Date.now() - lastSignMs;
  const holder = /^\{"pid":(\d{1,9}),"host":("(?:[^"\\]|\\.)*"),/.exec(content);
  // Somebody is just writing it, or died at that.
  if (holder === null) return age < staleAfterMs;
  if (holder[2] !== JSON.stringify(hostname())) return age < staleAfterMs;
  try {
    process.kill(Number(holder[1]), 0);
    return true;
  } catch (error) {
    // A process of another user cannot be asked, but is there.
    return fileErrorCode(error) !== "ESRCH";
  }
}
