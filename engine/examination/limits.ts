import type { RateLimit } from "../http/rate-limit.ts";
import type { Remarks } from "./questions.ts";
import { failed, type Finding, ok, unknown, warning } from "./report.ts";

/** Beyond it tokens seem to be expired, or not valid yet, and signatures of requests are refused. */
const maxSkewMs = 60_000;

const lowShare = 0.1;

/** How often the registry may still be asked. */
export function examineRateLimit(limit: RateLimit | undefined, { throttled, retryAfterMs }: Remarks): Finding {
  if (throttled) {
    const wait = retryAfterMs === undefined ? "" : `, for ${span(retryAfterMs)} more`;
    return failed(`it answers 429, too many requests${wait}`, "Wait, log in for a higher limit, or pull from a mirror");
  }
  if (limit === undefined) return unknown("the registry tells of none");
  const window = limit.windowMs === undefined ? "" : ` in ${span(limit.windowMs)}`;
  const detail = `${limit.remaining} of ${limit.limit} requests left${window}`;
  return limit.remaining <= limit.limit * lowShare
    ? warning(detail, "Log in for a higher limit, or pull from a mirror")
    : ok(detail);
}

/** Whether the registry's clock and ours agree. */
export function examineClock({ skewMs }: Remarks): Finding {
  if (skewMs === undefined) return unknown("its answers have no date");
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= maxSkewMs) return ok(seconds === 0 ? "the same as here" : `${seconds} s apart`);
  return warning(
    `the registry's is ${span(Math.abs(skewMs))} ${skewMs > 0 ? "ahead of" : "behind"} this machine's`,
    "Set the clock that is wrong: tokens and certificates expire by it",
  );
}

function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
