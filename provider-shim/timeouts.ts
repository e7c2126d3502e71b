import { type AttributePath, attributePath } from "./protocol/diagnostics.ts";
import type { Context } from "./protocol/context.ts";
import type { NestedBlock } from "./protocol/schema.ts";
import { isUnknown, type ObjectValue, type Value } from "./protocol/value.ts";

export type TimedVerb = "create" | "read" | "update" | "delete";

/** How long each verb may take when the configuration does not say, in milliseconds. */
const defaultTimeoutsMs: Readonly<Record<TimedVerb, number>> = {
  create: 20 * 60_000,
  read: 5 * 60_000,
  update: 20 * 60_000,
  delete: 20 * 60_000,
};

/** The `timeouts` block, in the form all providers share. */
export const timeoutsBlock: NestedBlock = {
  nesting: "single",
  block: {
    description: 'How long operations may take, such as `"90s"` or `"1h30m"`.',
    attributes: {
      create: { type: "string", optional: true, description: "Time for the first copy. Defaults to `20m`." },
      read: { type: "string", optional: true, description: "Time for a refresh. Defaults to `5m`." },
      update: { type: "string", optional: true, description: "Time for a later copy. Defaults to `20m`." },
      delete: { type: "string", optional: true, description: "Time for the removal. Defaults to `20m`." },
    },
  },
};

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Longer timers overflow and fire at once. */
const longestMs = 24 * 3_600_000;

/** Reads a duration such as `90s`, `1h30m`, `1.5h`; undefined when it is none, or not between 1 ms and 24 h. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text) || text.length > 40) return undefined;
  let milliseconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    milliseconds += Number(number) * (unitsMs[unit ?? ""] ?? Number.NaN);
  }
  return milliseconds >= 1 && milliseconds <= longestMs ? milliseconds : undefined;
}

/** Reports durations that are none. */
export function validateTimeouts(timeouts: Value | undefined, context: Context): void {
  for (const [verb, text] of Object.entries(asBlock(timeouts) ?? {})) {
    if (typeof text !== "string" || parseDuration(text) !== undefined) continue;
    const path: AttributePath = attributePath("timeouts", verb);
    const detail = `${JSON.stringify(text)} is not a duration. Write a number with a unit, such as "90s", "20m" or "1h30m", at most "24h".`;
    context.diagnostics.error("Invalid timeout", detail, path);
  }
}

/** The call's signal, with the deadline for the verb. */
export function deadline(timeouts: Value | undefined, verb: TimedVerb, signal: AbortSignal): AbortSignal {
  const text = asBlock(timeouts)?.[verb];
  const milliseconds = typeof text === "string" ? parseDuration(text) : undefined;
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds ?? defaultTimeoutsMs[verb])]);
}

function asBlock(timeouts: Value | undefined): ObjectValue | undefined {
  if (timeouts === undefined || timeouts === null || isUnknown(timeouts)) return undefined;
  return typeof timeouts === "object" && !Array.isArray(timeouts) && !(timeouts instanceof Map)
    ? (timeouts as ObjectValue)
    : undefined;
}
