import type { EngineEvent } from "../../engine/index.ts";
import type { OutputStream } from "../invocation.ts";
import type { ImageResult } from "../sync/result.ts";
import type { Display } from "./display.ts";
import type { Level, Messages } from "./messages.ts";

/** One line for a blob on its way is enough for whoever draws a bar from it. */
const progressMs = 1000;

/** Every change as an object of one line, for programs that show progress by themselves. */
export class JsonLines implements Display {
  readonly #messages: Messages;
  readonly #stream: OutputStream;
  readonly #toldAt = new Map<string, number>();

  constructor(messages: Messages, stream: OutputStream) {
    this.#messages = messages;
    this.#stream = stream;
  }

  readonly onEvent = (event: EngineEvent): void => {
    if (event.kind === "blob-progress") {
      const now = Date.now();
      if (now - (this.#toldAt.get(event.digest) ?? 0) < progressMs) return;
      this.#toldAt.set(event.digest, now);
    }
    if (event.kind === "blob-done") this.#toldAt.delete(event.digest);
    const { kind, ...fields } = event;
    this.#write(kind, fields);
  };

  planned(images: number, bytes: number): void {
    this.#write("planned", { images, bytes });
  }

  finished(result: ImageResult): void {
    this.#write("image", { ...result });
  }

  say(level: Level, text: string): void {
    this.#messages.say(level, text);
  }

  finish(): void {}

  #write(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#stream.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
  }
}
