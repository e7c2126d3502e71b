import type { EngineEvent, OnEvent } from "../engine/index.ts";
import type { Invocation } from "./invocation.ts";
import { formatBytes, formatDuration } from "./quantity.ts";
import { isAnimated } from "./style.ts";

/** Shows what the engine tells while it works. */
export interface Progress {
  readonly onEvent: OnEvent;
  /** Takes the moving line away, so that what follows starts on a clean one. */
  finish(): void;
}

/** A person sees no difference above ten frames a second, and a slow terminal is not flooded. */
const frameMs = 100;
const barWidth = 24;
/** For terminals that do not tell their width, or say that it is 0. */
const usualColumns = 80;
const clearLine = "\r\u001b[K";

/**
 * Progress on stderr: one moving line on a terminal, else one line for each change. `totalBytes` is the most that can
 * move. Text that comes from registries is stripped of control characters, so that it cannot steer the terminal.
 */
export function createProgress(
  { stderr, environment }: Pick<Invocation, "stderr" | "environment">,
  options: { readonly totalBytes: number; readonly quiet: boolean },
): Progress {
  if (options.quiet) return { onEvent: () => undefined, finish: () => undefined };
  if (isAnimated(stderr, environment)) return new MovingLine(stderr, options.totalBytes);
  return {
    onEvent: (event) => {
      const line = lineFor(event);
      if (line !== undefined) stderr.write(`${line}\n`);
    },
    finish: () => undefined,
  };
}

class MovingLine implements Progress {
  readonly #stderr: Invocation["stderr"];
  readonly #totalBytes: number;
  readonly #running = new Map<string, number>();
  #doneBytes = 0;
  #doneBlobs = 0;
  #drawnAt = 0;
  #drawn = false;

  constructor(stderr: Invocation["stderr"], totalBytes: number) {
    this.#stderr = stderr;
    this.#totalBytes = totalBytes;
  }

  readonly onEvent: OnEvent = (event) => {
    switch (event.kind) {
      case "blob-progress":
        this.#running.set(event.digest, event.bytes);
        this.#draw();
        return;
      case "blob-done":
        this.#running.delete(event.digest);
        this.#doneBytes += event.size;
        this.#doneBlobs += 1;
        this.#draw();
        return;
      case "manifest-done":
        this.#draw();
        return;
      case "retry":
      case "throttled":
      case "warning":
        this.finish();
        this.#stderr.write(`${lineFor(event) ?? ""}\n`);
        return;
    }
  };

  finish(): void {
    if (this.#drawn) this.#stderr.write(clearLine);
    this.#drawn = false;
  }

  #draw(): void {
    const now = Date.now();
    if (now - this.#drawnAt < frameMs) return;
    this.#drawnAt = now;
    this.#drawn = true;
    const bytes = [...this.#running.values()].reduce((sum, one) => sum + one, this.#doneBytes);
    const share = this.#totalBytes === 0 ? 1 : Math.min(1, bytes / this.#totalBytes);
    const filled = Math.round(share * barWidth);
    const bar = `[${"#".repeat(filled)}${"-".repeat(barWidth - filled)}]`;
    const line = `${bar} ${formatBytes(bytes)} of ${formatBytes(this.#totalBytes)}, blobs: ${this.#doneBlobs} done, ${this.#running.size} running`;
    this.#stderr.write(clearLine + line.slice(0, (this.#stderr.columns || usualColumns) - 1));
  }
}

/** One line for people, undefined for what only a moving line shows. */
function lineFor(event: EngineEvent): string | undefined {
  switch (event.kind) {
    case "blob-done":
      return `blob ${shortDigest(event.digest)} ${event.how} (${formatBytes(event.size)})`;
    case "manifest-done":
      return `manifest ${shortDigest(event.digest)} put${event.tag === undefined ? "" : ` as ${event.tag}`}`;
    case "retry":
      return printable(`retry of "${event.operation}" in ${formatDuration(event.delayMs)}: ${event.reason}`);
    case "throttled":
      return printable(`${event.registry} asks to wait ${formatDuration(event.delayMs)}`);
    case "warning":
      return printable(`Warning: ${event.message}`);
    default:
      return undefined;
  }
}

/** `sha256:0123456789ab`: long enough to tell digests apart, short enough to read. */
function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(":") + 13);
}

/** The text without control characters. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, " ");
}
