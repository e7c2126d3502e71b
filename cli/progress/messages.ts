import type { OutputStream } from "../invocation.ts";

/** How loud a message is. */
export type Level = "debug" | "info" | "warn" | "error";

/** How much is told. `quiet`: errors only; `verbose`: also what did not change, and each blob; `debug`: everything. */
export type Verbosity = "quiet" | "normal" | "verbose" | "debug";

/** `text` for people, `json`: an object a line, for programs. */
export type LogFormat = "text" | "json";

const rank: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const lowest: Readonly<Record<Verbosity, number>> = { quiet: 3, normal: 1, verbose: 1, debug: 0 };

/** Writes messages to a stream: those that are loud enough. */
export class Messages {
  readonly #stream: OutputStream;
  readonly #format: LogFormat;
  readonly #lowest: number;

  constructor(stream: OutputStream, verbosity: Verbosity, format: LogFormat) {
    this.#stream = stream;
    this.#format = format;
    this.#lowest = lowest[verbosity];
  }

  /** Writes a message; what it repeats of registries and files must be printable. Fields stand in objects only. */
  say(level: Level, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (rank[level] < this.#lowest) return;
    const time = new Date().toISOString();
    const line = this.#format === "text" ? text : JSON.stringify({ time, level, message: text, ...fields });
    this.#stream.write(`${line}\n`);
  }
}
