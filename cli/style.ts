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

/** Emphasis for a stream. `NO_COLOR` switches it off: https://no-color.org */
export function createStyle(stream: OutputStream, environment: Invocation["environment"]): Style {
  const coloured = stream.isTTY === true && environment["TERM"] !== "dumb" && !isSet(environment["NO_COLOR"]);
  const wrap = (on: number, off: number) => (text: string) => (coloured ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return { bold: wrap(1, 22), dim: wrap(2, 22), good: wrap(32, 39), bad: wrap(31, 39) };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}
