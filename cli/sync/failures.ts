import { printable } from "../printable.ts";
import { count } from "../quantity.ts";
import type { ImageResult } from "./result.ts";

/** Nobody reads more of them; `--output json` has them all. */
const maxListed = 100;

/** What went wrong, and what to do about it: a hint that several have in common is told once. */
export function describeFailures(results: readonly ImageResult[]): string {
  const told = new Set<string>();
  const lines = results.slice(0, maxListed).flatMap(({ source, destination, error }) => {
    const { message = "", hint } = error ?? {};
    const first = hint !== undefined && !told.has(hint);
    if (first) told.add(hint);
    return [`  ${printable(`${source} -> ${destination}: ${message}`)}`, ...(first ? [`    ${printable(hint)}`] : [])];
  });
  const more = results.length - maxListed;
  const rest = more > 0 ? [`  … and ${more} more: --output json lists them all`] : [];
  const conflicts = results.filter(({ outcome }) => outcome === "conflict").length;
  const failed = results.length - conflicts;
  const what = [
    ...(failed > 0 ? [`${count(failed, "image")} failed`] : []),
    ...(conflicts > 0 ? [count(conflicts, "conflict")] : []),
  ];
  return [`${what.join(", ")}:`, ...lines, ...rest].join("\n");
}
