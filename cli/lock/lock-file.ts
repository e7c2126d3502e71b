import { open, readFile, rm, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { writeAtomically } from "../atomic-file.ts";
import {
  formatLock,
  type History,
  lockFault,
  lockFormOf,
  type LockReaders,
  maxDigestsOfTag,
  maxLockBytes,
  parseLock,
  type Seen,
} from "./lock-document.ts";

/** Whoever writes holds the file for a moment only: who finds it held for longer has found what a crash has left. */
const heldAtMostMs = 10_000;
const holdPauseMs = 20;

/** What helps where the file system refuses. */
const whereToPutIt = "Name a file that can be read, in a folder that can be written to";

/** The digests that tags have had, remembered in a file between runs. */
export class LockFile {
  readonly file: string;
  readonly #readers: LockReaders;
  readonly #history: History;
  readonly #news = new Map<string, Seen>();

  private constructor(file: string, readers: LockReaders, history: History) {
    this.file = file;
    this.#readers = readers;
    this.#history = history;
  }

  /** Reads the file; one that is not there yet has seen nothing. @throws UsageError */
  static async open(file: string, readers: LockReaders): Promise<LockFile> {
    return new LockFile(file, readers, await read(file, readers));
  }

  /** What a tag held when it was last seen; undefined for one that is new. */
  newest(tag: string): Seen | undefined {
    return this.#history.get(tag)?.at(-1);
  }

  /** Whether a tag has held a digest before. */
  knows(tag: string, digest: string): boolean {
    return this.#history.get(tag)?.some((seen) => seen.digest === digest) ?? false;
  }

  /** Remembers what a tag holds, to be written by {@link LockFile.save}. */
  remember(tag: string, seen: Seen): void {
    if (this.newest(tag)?.digest !== seen.digest) this.#news.set(tag, seen);
  }

  /**
   * Writes what is new. The file is read again before: what another process has added since stays.
   * @throws UsageError when the file cannot be written, or has become unreadable.
   */
  async save(): Promise<void> {
    if (this.#news.size === 0) return;
    await this.#held(async () => {
      const history = new Map(await read(this.file, this.#readers));
      for (const [tag, seen] of this.#news) {
        const before = history.get(tag) ?? [];
        if (before.at(-1)?.digest === seen.digest) continue;
        history.set(tag, [...before, seen].slice(-maxDigestsOfTag));
      }
      await writeAtomically(this.file, await formatLock(history, lockFormOf(this.file)));
    }).catch((error: unknown) => {
      throw error instanceof Error && "hint" in error ? error : lockFault(this.file, reasonOf(error), whereToPutIt);
    });
  }

  /** Reading again and writing is one step that processes do one after the other. */
  async #held(work: () => Promise<void>): Promise<void> {
    const holder = `${this.file}.lock`;
    for (;;) {
      try {
        await (await open(holder, "wx")).close();
        break;
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
        const heldMs = await stat(holder).then(
          // Also one of the future: the clock was set back, or is another machine's.
          ({ mtimeMs }) => Math.abs(Date.now() - mtimeMs),
          () => 0,
        );
        if (heldMs > heldAtMostMs) await rm(holder, { force: true });
        else await pause(holdPauseMs);
      }
    }
    try {
      await work();
    } finally {
      await rm(holder, { force: true });
    }
  }
}

async function read(file: string, readers: LockReaders): Promise<History> {
  try {
    const { size } = await stat(file);
    const most = maxLockBytes[lockFormOf(file)];
    if (size > most) throw lockFault(file, `it has ${size} bytes, at most ${most} are read`);
    return await parseLock(await readFile(file, "utf8"), file, readers);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return new Map();
    if (error instanceof Error && "hint" in error) throw error;
    throw lockFault(file, reasonOf(error), codeOf(error) === undefined ? undefined : whereToPutIt);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
