import type { CollectionReport } from "../../../engine/index.ts";

/** Beyond these a warning is read by nobody; the log has them all. */
const maxNames = 3;
const maxLines = 10;

/**
 * What a removal or collection has left, as lines for people: one for each reason, with the first of those it goes for.
 */
export function reportLines(kept: CollectionReport["kept"], skipped: CollectionReport["skipped"]): readonly string[] {
  const lines = [
    ...byReason(kept.map(({ digest, by }) => [by, digest])).map(([by, names]) => `- kept ${names}: ${by}`),
    ...byReason(skipped.map(({ what, why }) => [why, what])).map(([why, names]) => `- skipped ${names}: ${why}`),
  ];
  if (lines.length <= maxLines) return lines;
  return [...lines.slice(0, maxLines), `- and ${lines.length - maxLines} more`];
}

function byReason(entries: readonly (readonly [reason: string, name: string])[]): [reason: string, names: string][] {
  const grouped = new Map<string, Set<string>>();
  for (const [reason, name] of entries) {
    const names = grouped.get(reason) ?? new Set();
    grouped.set(reason, names.add(name));
  }
  return [...grouped].map(([reason, names]) => [reason, listed([...names])]);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, maxNames).join(", ");
  return names.length <= maxNames ? shown : `${shown} and ${names.length - maxNames} more`;
}
