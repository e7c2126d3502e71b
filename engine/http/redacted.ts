import { ImagesyncError } from "../errors.ts";
import type { EngineEvent } from "../events.ts";
import type { Redactor } from "./redact.ts";

/** Causes of causes beyond this are nobody's. */
const maxCauses = 5;

/**
 * The error without secrets in its message, hint, registry's code and causes; the very same one when there are none. Its
 * other fields are the user's own words, or of closed lists.
 */
export function redactedError(error: ImagesyncError, redactor: Pick<Redactor, "redact">): ImagesyncError {
  const clean = (text: string | undefined): string | undefined => text && redactor.redact(text);
  const message = redactor.redact(error.message);
  const hint = clean(error.hint);
  const registryCode = clean(error.registryCode);
  const causes = causesOf(error);
  const isClean = message === error.message && hint === error.hint && registryCode === error.registryCode;
  if (isClean && causes.every((text) => redactor.redact(text) === text)) return error;
  const { code, side, reference, registry, status, attempts, operation } = error;
  // A new error for each: the stack of the old one begins with its message.
  const cause = causes.length === 0 ? undefined : new Error(redactor.redact(causes.join(": ")));
  const facts = { code, operation, side, reference, registry, status, attempts };
  return new ImagesyncError({ ...facts, message, hint, registryCode, cause });
}

function causesOf(error: Error): string[] {
  const texts: string[] = [];
  for (let { cause } = error; cause !== undefined && texts.length < maxCauses;) {
    if (!(cause instanceof Error)) {
      texts.push(typeof cause === "string" ? cause : "");
      break;
    }
    texts.push(cause.message);
    ({ cause } = cause);
  }
  return texts;
}

/** The event without secrets in what it quotes. */
export function redactedEvent(event: EngineEvent, redactor: Pick<Redactor, "redact">): EngineEvent {
  switch (event.kind) {
    case "retry":
      return { ...event, operation: redactor.redact(event.operation), reason: redactor.redact(event.reason) };
    case "warning":
      return { ...event, message: redactor.redact(event.message) };
    default:
      return event;
  }
}
