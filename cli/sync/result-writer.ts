import type { Cost } from "../cost.ts";
import type { OutputStream } from "../invocation.ts";
import { printable } from "../printable.ts";
import type { ResultFormat } from "./rendering-flags.ts";
import type { ImageResult } from "./result.ts";
import type { Totals } from "./tally.ts";

/** Prints results on standard output: as text, the images that are in place, pinned, each as soon as it is. */
export class ResultWriter {
  readonly #stdout: OutputStream;
  readonly #format: ResultFormat;
  readonly #held: object[] = [];
  #unwritten = "";
  #flushing: NodeJS.Immediate | undefined;

  constructor(stdout: OutputStream, format: ResultFormat) {
    this.#stdout = stdout;
    this.#format = format;
  }

  write(result: ImageResult): void {
    if (this.#format === "text") {
      // Signatures and the like are of no use by themselves, and what is gone cannot be pulled.
      const inPlace = result.outcome === "copied" || result.outcome === "unchanged";
      if (!inPlace || result.subject !== undefined || result.digest === undefined) return;
      const at = result.destination.endsWith(`@${result.digest}`) ? "" : `@${result.digest}`;
      this.#say(`${printable(result.destination)}${at}\n`);
      return;
    }
    const object = asObject(result);
    if (this.#format === "json") this.#held.push(object);
    else this.#say(`${JSON.stringify({ kind: "image", ...object })}\n`);
  }

  /** Prints what was held back. */
  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const text = this.#unwritten;
    this.#unwritten = "";
    if (text !== "") this.#stdout.write(text);
  }

  /** Of hundreds of images that are in place all results come at once: each line by itself would be a call of the system. */
  #say(text: string): void {
    this.#unwritten += text;
    this.#flushing ??= setImmediate(() => this.flush());
  }

  /** Prints what comes after all results. */
  end(totals: Totals, cost: Cost): void {
    this.flush();
    const summary = { ...totals, ...cost };
    if (this.#format === "json") this.#stdout.write(`${JSON.stringify({ images: this.#held, summary })}\n`);
    if (this.#format === "jsonl") this.#stdout.write(`${JSON.stringify({ kind: "summary", ...summary })}\n`);
  }
}

/** The fields that scripts may rely on, in an order that people can read. */
function asObject(result: ImageResult): object {
  const { rule, outcome, source, sourceDigest, destination, digest, ...rest } = result;
  const { action, reason, subject, bytes, blobs, error } = rest;
  return { rule, outcome, source, sourceDigest, destination, digest, action, reason, subject, bytes, blobs, error };
}
