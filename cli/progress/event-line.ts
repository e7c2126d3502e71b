import type { EngineEvent } from "../../engine/index.ts";
import { printable } from "../printable.ts";
import { formatBytes, formatDuration } from "../quantity.ts";
import type { Level } from "./messages.ts";

/** One line for people about what the engine tells; undefined for what only something that moves can show. */
export function eventLine(event: EngineEvent): { readonly level: Level; readonly text: string } | undefined {
  switch (event.kind) {
    case "blob-done":
      return { level: "info", text: `blob ${shortDigest(event.digest)} ${event.how} (${formatBytes(event.size)})` };
    case "manifest-done": {
      const tagged = event.tag === undefined ? "" : ` as ${printable(event.tag)}`;
      return { level: "info", text: `manifest ${shortDigest(event.digest)} put${tagged}` };
    }
    case "retry": {
      // An error says itself what could not be done.
      const what = event.reason.startsWith("Cannot ") ? "" : ` of "${event.operation}"`;
      const text = `retry${what} in ${formatDuration(event.delayMs)}: ${event.reason}`;
      return { level: "warn", text: printable(text) };
    }
    case "throttled":
      return {
        level: "warn",
        text: printable(`${event.registry} asks to wait ${formatDuration(event.delayMs)}`),
      };
    case "warning":
      return { level: "warn", text: printable(`Warning: ${event.message}`) };
    default:
      return undefined;
  }
}

/** `sha256:0123456789ab`: long enough to tell digests apart, short enough to read. */
export function shortDigest(digest: string): string {
  return digest.slice(0, digest.indexOf(":") + 13);
}
