/** A longer wait is meant by nobody, and its end may be beyond what a date can be. */
const longestMs = 365 * 86_400_000;

/**
 * How long a server asks us to wait, in milliseconds from `nowMs`; undefined when the header says nothing usable. A
 * moment in the past is 0, and more than a year is a year.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1000, longestMs);
  // A date always names its weekday or month: Date.parse alone would take "-1" or "1.5" for years.
  if (!/^[A-Z][a-z]{2}/.test(text) || text.length > 40) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - nowMs), longestMs);
}
