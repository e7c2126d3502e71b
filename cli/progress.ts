import type { OnEvent } from "../engine/index.ts";
import type { Invocation } from "./invocation.ts";
import type { Display } from "./progress/display.ts";
import { JsonLines } from "./progress/json-lines.ts";
import { Lines } from "./progress/lines.ts";
import { type LogFormat, Messages, type Verbosity } from "./progress/messages.ts";
import { Rows } from "./progress/rows.ts";
import { Silence } from "./progress/silence.ts";
import { createStyle, isAnimated } from "./style.ts";

export { printable } from "./printable.ts";

/** How progress is shown: `auto` is `tty` on a terminal that a person looks at, else `plain`. */
export const progressModes = ["auto", "plain", "tty", "json", "none"] as const;

/** One of {@link progressModes}. */
export type ProgressMode = (typeof progressModes)[number];

/** How a command tells what it does. */
export interface DisplayOptions {
  readonly mode: ProgressMode;
  readonly verbosity: Verbosity;
  readonly logFormat: LogFormat;
  /** Whether each blob has a line of its own where lines are written: for one image. @default false */
  readonly parts?: boolean | undefined;
}

/** Opens the display of an invocation. It stops drawing as soon as the invocation is stopped. */
export function createDisplay(
  { stderr, environment, signal }: Pick<Invocation, "stderr" | "environment"> & Partial<Pick<Invocation, "signal">>,
  { mode, verbosity, logFormat, parts = false }: DisplayOptions,
): Display {
  const messages = new Messages(stderr, verbosity, logFormat);
  if (mode === "none" || verbosity === "quiet") return new Silence(messages);
  if (mode === "json") return new JsonLines(new Messages(stderr, verbosity, "json"), stderr);
  const lines = new Lines(messages, verbosity, createStyle(stderr, environment), parts);
  const animated = mode === "tty" || (mode === "auto" && logFormat === "text" && isAnimated(stderr, environment));
  if (!animated) return lines;
  const rows = new Rows(lines, stderr);
  signal?.addEventListener("abort", () => rows.finish(), { once: true });
  return rows;
}

/** Shows what the engine tells while it works. */
export interface Progress {
  readonly onEvent: OnEvent;
  /** Takes the moving lines away, so that what follows starts on a clean one. */
  finish(): void;
}

/** The progress of a command that works on one image. `totalBytes` is the most that can move. */
export function createProgress(
  invocation: Pick<Invocation, "stderr" | "environment"> & Partial<Pick<Invocation, "signal">>,
  options: { readonly totalBytes: number; readonly quiet: boolean },
): Progress {
  const { totalBytes, quiet } = options;
  const verbosity = quiet ? "quiet" : "normal";
  const display = createDisplay(invocation, { mode: "auto", verbosity, logFormat: "text", parts: true });
  if (totalBytes > 0) display.planned(0, totalBytes);
  return display;
}
