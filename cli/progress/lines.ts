import type { EngineEvent } from "../../engine/index.ts";
import { printable } from "../printable.ts";
import { formatBytes } from "../quantity.ts";
import type { Style } from "../style.ts";
import type { ImageResult } from "../sync/result.ts";
import type { Display } from "./display.ts";
import { eventLine } from "./event-line.ts";
import type { Level, Messages, Verbosity } from "./messages.ts";

/** One line for each change: for logs, pipes and terminals that cannot redraw. */
export class Lines implements Display {
  readonly #messages: Messages;
  readonly #style: Style;
  readonly #parts: boolean;
  readonly #unchanged: boolean;

  /** With `parts` each blob and manifest has a line: where one image is all there is to tell of. */
  constructor(messages: Messages, verbosity: Verbosity, style: Style, parts = false) {
    this.#messages = messages;
    this.#style = style;
    this.#unchanged = verbosity === "verbose" || verbosity === "debug";
    this.#parts = parts || this.#unchanged;
  }

  readonly onEvent = (event: EngineEvent): void => {
    const line = eventLine(event);
    if (line === undefined || (line.level === "info" && !this.#parts)) return;
    this.#messages.say(line.level, line.text);
  };

  planned(): void {}

  finished(result: ImageResult): void {
    if (result.outcome === "unchanged" && !this.#unchanged) return;
    // What is left because the run was stopped is counted in the end, not told one by one.
    if (result.outcome === "left" && !this.#unchanged) return;
    const { outcome, error } = result;
    const bad = outcome === "failed" || outcome === "conflict";
    const text = `${resultWord(result)} ${resultPlace(result)}${resultDetail(result)}`;
    this.#messages.say(bad ? "error" : "info", bad ? this.#style.bad(text) : text, {
      outcome,
      source: result.source,
      destination: result.destination,
      ...(error === undefined ? {} : { code: error.code }),
    });
  }

  say(level: Level, text: string): void {
    this.#messages.say(level, text);
  }

  finish(): void {}
}

function resultWord({ outcome, action }: ImageResult): string {
  if (outcome !== "copied") return outcome;
  return action === "repair" ? "repaired" : action === "tag" ? "tagged" : "copied";
}

function resultPlace({ outcome, source, destination }: ImageResult): string {
  return printable(outcome === "deleted" ? destination : `${source} -> ${destination}`);
}

function resultDetail({ outcome, bytes, error }: ImageResult): string {
  if (error !== undefined) return `: ${printable(error.message)}`;
  return outcome === "copied" && bytes > 0 ? ` (${formatBytes(bytes)})` : "";
}
