import type { EngineEvent } from "../../engine/index.ts";
import type { Display } from "./display.ts";
import { eventLine } from "./event-line.ts";
import type { Level, Messages } from "./messages.ts";

/** No progress: only what somebody must hear. */
export class Silence implements Display {
  readonly #messages: Messages;

  constructor(messages: Messages) {
    this.#messages = messages;
  }

  readonly onEvent = (event: EngineEvent): void => {
    const line = event.kind === "warning" ? eventLine(event) : undefined;
    if (line !== undefined) this.#messages.say(line.level, line.text);
  };

  planned(): void {}

  finished(): void {}

  say(level: Level, text: string): void {
    this.#messages.say(level, text);
  }

  finish(): void {}
}
