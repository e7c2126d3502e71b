import type { EngineEvent } from "../engine/index.ts";
import type { Logger } from "./log.ts";

/** Writes what the engine tells into the log: what somebody may have to act on as a warning, the rest for debugging. */
export function logEvent(event: EngineEvent, log: Logger): void {
  switch (event.kind) {
    case "warning":
      log.warn(`${event.message}.`, { about: event.about });
      break;
    case "retry":
      log.warn("Trying again", {
        operation: event.operation,
        attempt: event.attempt,
        delay_ms: event.delayMs,
        reason: event.reason,
      });
      break;
    case "throttled":
      log.warn("Registry asks to slow down", { registry: event.registry, delay_ms: event.delayMs });
      break;
    case "blob-done":
      log.debug("Blob is in place", { digest: event.digest, bytes: event.size, how: event.how });
      break;
    case "manifest-done":
      log.debug("Manifest is in place", { digest: event.digest, tag: event.tag });
      break;
    case "blob-progress":
      log.trace("Blob on its way", { digest: event.digest, bytes: event.bytes, size: event.size });
      break;
  }
}
