/**
 * How long a server asks us to wait, in milliseconds from `nowMs`; undefined when the header says nothing usable. A
 * moment in the past is 0.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // A date always names its weekday or month: Date.parse alone would take "-1" or "1.5" for years.
  if (!/^[A-Z][a-z]{2}/.test(text) || text.length > 40) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
