import { ImagesyncError, toImagesyncError } from "../errors.ts";
import type { Redactor } from "../http/redact.ts";
import { type Check, type CheckName, failed, type Finding } from "./report.ts";

/** Longer answers of servers tell nothing more. */
const maxTextLength = 300;

export interface CheckOptions {
  /** Time for each check, in milliseconds. */
  readonly deadlineMs: number;
  /** Ends the whole examination. */
  readonly signal: AbortSignal;
  readonly redactor: Pick<Redactor, "redact">;
}

/**
 * Does one check within its own deadline. What goes wrong in it is what it has found.
 * @throws the reason of the signal.
 */
export async function check(
  name: CheckName,
  { deadlineMs, signal, redactor }: CheckOptions,
  work: (signal: AbortSignal) => Promise<Finding>,
): Promise<Check> {
  signal.throwIfAborted();
  const own = new AbortController();
  const stop = (): void => own.abort(signal.reason);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    own.abort(new DOMException("The deadline passed", "TimeoutError"));
  }, deadlineMs);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return cleaned(name, await work(own.signal), redactor);
  } catch (error) {
    signal.throwIfAborted();
    return cleaned(name, late ? tooLate(deadlineMs) : explained(error, name), redactor);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

/** The finding that an error is. */
export function explained(thrown: unknown, operation: string): Finding {
  const error = thrown instanceof ImagesyncError ? thrown : toImagesyncError(thrown, operation);
  return failed(error.message, error.hint ?? "Check the address, and what stands between here and the registry");
}

function tooLate(deadlineMs: number): Finding {
  return failed(
    `no answer within ${deadlineMs / 1000} s`,
    "Check the network, firewalls and the proxy on the way, or try again later",
  );
}

/** Servers write into these texts: they must not steer a terminal, and may repeat what they were sent. */
function cleaned(name: CheckName, finding: Finding, redactor: Pick<Redactor, "redact">): Check {
  const clean = (text: string): string => {
    const line = redactor.redact(text).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
    return line.length > maxTextLength ? `${line.slice(0, maxTextLength - 1)}…` : line;
  };
  const { outcome, detail, hint } = finding;
  return { name, outcome, detail: clean(detail), ...(hint === undefined ? {} : { hint: clean(hint) }) };
}
