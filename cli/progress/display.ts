import type { OnEvent } from "../../engine/index.ts";
import type { ImageResult } from "../sync/result.ts";
import type { Level } from "./messages.ts";

/** Everything that a command tells beside its result, on standard error. */
export interface Display {
  readonly onEvent: OnEvent;
  /** So much more is to be done: images, and bytes at most. */
  planned(images: number, bytes: number): void;
  /** One image has come to its end. */
  finished(result: ImageResult): void;
  /** A message of one or more lines, without the last line break. What it repeats of registries must be printable. */
  say(level: Level, text: string): void;
  /** Takes away what moves, so that what follows starts on a clean line. Messages may still be said. */
  finish(): void;
}
