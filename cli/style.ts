import type { Invocation, OutputStream } from "./invocation.ts";

/** Emphasis for a terminal; plain text everywhere else. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** True when a line on the stream can be drawn over and over: a person looks at a terminal that can do it. */
export function isAnimated(stream: OutputStream, environment: Invocation["environment"]): boolean {
  return stream.isTTY === true && environment["TERM"] !== "dumb" && !isSet(environment["CI"]);
}

/** Emphasis for a stream, where it is wanted: see {@link isColoured}. */
export function createStyle(stream: OutputStream, environment: Invocation["environment"]): Style {
  const coloured = isColoured(stream, environment);
  const wrap = (on: number, off: number) => (text: string) => (coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return { bold: wrap(1, 22), dim: wrap(2, 22), good: wrap(32, 39), bad: wrap(31, 39) };
}

/**
 * Whether a stream gets colours: on a terminal that can show them. `NO_COLOR` and `CLICOLOR=0` switch them off,
 * `FORCE_COLOR` and `CLICOLOR_FORCE` on, in a pipe too; off wins.
 * @see https://no-color.org
 * @see https://bixense.com/clicolors/
 */
function isColoured(stream: OutputStream, environment: Invocation["environment"]): boolean {
  if (isSet(environment["NO_COLOR"]) || environment["FORCE_COLOR"] === "0") return false;
  if (isSet(environment["FORCE_COLOR"]) || isOn(environment["CLICOLOR_FORCE"])) return true;
  return stream.isTTY === true && environment["TERM"] !== "dumb" && environment["CLICOLOR"] !== "0";
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

function isOn(value: string | undefined): boolean {
  return isSet(value) && value !== "0";
}
