import type { EngineEvent } from "../../engine/index.ts";
import type { OutputStream } from "../invocation.ts";
import { count, formatBytes, formatDuration } from "../quantity.ts";
import type { ImageResult } from "../sync/result.ts";
import type { Display } from "./display.ts";
import { eventLine, shortDigest } from "./event-line.ts";
import type { Level } from "./messages.ts";
import { Speed } from "./speed.ts";

/** A person sees no difference above ten frames a second, and a slow terminal is not flooded. */
const frameMs = 100;
/** A blob that is there at once is no row: it would flicker. */
const rowAfterMs = 200;
/** Nobody waits for longer, and what has hardly begun would say so for everything. */
const longestEtaMs = 24 * 3_600_000;
const barWidth = 20;
/** For terminals that do not tell their size, or say that it is 0. */
const usualColumns = 80;
const usualRows = 24;
/** The summary, and a line free so that the terminal does not scroll. */
const otherRows = 2;

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

interface Moving {
  readonly digest: string;
  readonly size: number;
  readonly sinceMs: number;
  readonly speed: Speed;
  bytes: number;
}

/**
 * A terminal: a row for each blob on its way and one for the whole, drawn over and over in the last lines. What is said
 * meanwhile stands above them. The cursor is hidden from the first frame until {@link Rows.finish}.
 */
export class Rows implements Display {
  readonly #above: Display;
  readonly #stream: OutputStream;
  readonly #moving = new Map<string, Moving>();
  readonly #speed = new Speed();
  readonly #outcomes = { copied: 0, unchanged: 0, deleted: 0, failed: 0, conflict: 0, left: 0 };
  #images = 0;
  #totalBytes = 0;
  #doneBytes = 0;
  #doneBlobs = 0;
  #drawnRows = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** `above` writes what is not to be drawn over, to the same stream. */
  constructor(above: Display, stream: OutputStream) {
    this.#above = above;
    this.#stream = stream;
  }

  readonly onEvent = (event: EngineEvent): void => {
    switch (event.kind) {
      case "blob-progress": {
        const moving = this.#moving.get(event.digest) ?? {
          digest: event.digest,
          size: event.size,
          sinceMs: Date.now(),
          speed: new Speed(),
          bytes: 0,
        };
        moving.bytes = event.bytes;
        this.#moving.set(event.digest, moving);
        break;
      }
      case "blob-done":
        this.#moving.delete(event.digest);
        this.#doneBytes += event.size;
        this.#doneBlobs += 1;
        break;
      case "manifest-done":
        break;
      default:
        // Not yet a reason to draw: a registry can be slow before anything moves.
        if (eventLine(event) !== undefined) this.#aside(() => this.#above.onEvent(event));
        return;
    }
    this.#start();
  };

  planned(images: number, bytes: number): void {
    this.#images += images;
    this.#totalBytes += bytes;
    this.#start();
  }

  finished(result: ImageResult): void {
    this.#outcomes[result.outcome] += 1;
    const { outcome } = result;
    // Hundreds of images that went well are a number; what went wrong is worth a line at once.
    if (outcome === "failed" || outcome === "conflict") this.#aside(() => this.#above.finished(result));
    this.#start();
  }

  say(level: Level, text: string): void {
    this.#aside(() => this.#above.say(level, text));
  }

  finish(): void {
    if (this.#timer !== undefined) clearInterval(this.#timer);
    this.#timer = undefined;
    this.#ended = true;
    if (this.#drawnRows > 0) this.#stream.write(`${this.#toFirstRow()}${clearBelow}${showCursor}`);
    this.#drawnRows = 0;
  }

  #start(): void {
    if (this.#ended || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), frameMs);
    // Nobody is kept waiting because something could still be drawn.
    this.#timer.unref();
  }

  /** Writes something that stays, and leaves the rows to the next frame. */
  #aside(write: () => void): void {
    if (this.#drawnRows > 0) this.#stream.write(`${this.#toFirstRow()}${clearBelow}${showCursor}`);
    this.#drawnRows = 0;
    write();
  }

  #draw(): void {
    const rows = this.#frame(Date.now());
    const text = rows.map((row) => `${row}${clearLine}`).join("\n");
    // The terminal repeats what is typed, such as ^C: at the end of a full row it would begin another one.
    this.#stream.write(`${this.#drawnRows > 0 ? this.#toFirstRow() : hideCursor}${text}${clearBelow}\r`);
    this.#drawnRows = rows.length;
  }

  #toFirstRow(): string {
    return this.#drawnRows > 1 ? `\r\u001b[${this.#drawnRows - 1}A` : "\r";
  }

  #frame(nowMs: number): string[] {
    const width = (this.#stream.columns || usualColumns) - 1;
    const height = Math.max(0, (this.#stream.rows || usualRows) - otherRows);
    const shown = [...this.#moving.values()].filter(({ sinceMs }) => nowMs - sinceMs >= rowAfterMs).slice(0, height);
    const rows = shown.map((moving) => {
      moving.speed.note(moving.bytes, nowMs);
      return blobRow(moving);
    });
    return [...rows, this.#summary(nowMs)].map((row) => row.slice(0, width));
  }

  #summary(nowMs: number): string {
    const bytes = [...this.#moving.values()].reduce((sum, moving) => sum + moving.bytes, this.#doneBytes);
    this.#speed.note(bytes, nowMs);
    const { copied, unchanged, deleted, failed, conflict } = this.#outcomes;
    const done = copied + unchanged + deleted + failed + conflict;
    const bad = failed + conflict;
    const images =
      this.#images === 0 ? "" : `${done} of ${count(this.#images, "image")}${bad > 0 ? `, ${bad} failed` : ""}; `;
    const blobs = this.#images === 0 ? `, ${count(this.#doneBlobs, "blob")}` : "";
    const moved = `${formatBytes(bytes)} of at most ${formatBytes(this.#totalBytes)}`;
    return `${bar(bytes, this.#totalBytes)} ${images}${moved}${blobs}${pace(this.#speed, this.#totalBytes - bytes)}`;
  }
}

function blobRow({ digest, bytes, size, speed }: Moving): string {
  return `${bar(bytes, size)} ${shortDigest(digest)}  ${formatBytes(bytes)} of ${formatBytes(size)}${pace(speed, size - bytes)}`;
}

function bar(bytes: number, of: number): string {
  const share = of === 0 ? 0 : Math.min(1, bytes / of);
  const filled = Math.round(share * barWidth);
  return `[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}]`;
}

/** Speed and what is left at that speed, as far as they are known. */
function pace(speed: Speed, bytesLeft: number): string {
  const perSecond = speed.perSecond();
  if (perSecond === undefined || perSecond <= 0) return "";
  const leftMs = speed.timeFor(Math.max(0, bytesLeft));
  const eta =
    leftMs === undefined || leftMs <= 0 || leftMs > longestEtaMs
      ? ""
      : `, ${formatDuration(Math.max(1000, leftMs))} left`;
  return `, ${formatBytes(Math.round(perSecond))}/s${eta}`;
}
