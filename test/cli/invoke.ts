import { Writable } from "node:stream";
import type { OutputStream } from "../../cli/invocation.ts";
import { run } from "../../cli/run.ts";

/** What a command line ended with. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stream that remembers what was written, and emits "written"; a terminal when `isTTY` says so. */
export class Capture extends Writable {
  text = "";
  isTTY: boolean | undefined;
  columns: number | undefined;
  rows: number | undefined;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    this.emit("written");
    done();
  }
}

/** A terminal of the given width. */
export function terminal(columns = 100): Capture & OutputStream {
  return Object.assign(new Capture(), { isTTY: true, columns });
}

/** Runs a command line in this process, with an environment of its own. */
export async function invoke(
  commandLine: readonly string[],
  options: { readonly environment?: Record<string, string>; readonly signal?: AbortSignal } = {},
): Promise<Outcome> {
  const stdout = new Capture();
  const stderr = new Capture();
  const code = await run({
    arguments: commandLine,
    stdout,
    stderr,
    environment: options.environment ?? {},
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
