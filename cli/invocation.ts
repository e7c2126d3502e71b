import type { Writable } from "node:stream";

/** A stream of the process, or of a test. */
export type OutputStream = Writable & {
  /** Present and true when a person looks at it. */
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
  /** Its height in lines. */
  readonly rows?: number | undefined;
};

/** What a command gets from the process it runs in. */
export interface Invocation {
  /** Without the program's own name. */
  readonly arguments: readonly string[];
  /** Data only: what a script reads. */
  readonly stdout: OutputStream;
  /** Progress, explanations and errors. */
  readonly stderr: OutputStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C and by a request to end; every command then ends within two seconds. */
  readonly signal: AbortSignal;
}
