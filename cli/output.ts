import type { Plan, Report } from "../engine/index.ts";
import { type Cost, describeBlobs, describeCost } from "./cost.ts";
import { printable } from "./printable.ts";
import { formatBytes } from "./quantity.ts";

/** How data is printed on stdout. */
export type OutputFormat = "text" | "json";

/** The reason why there is nothing to do for an image, unless it is another one that is there. */
const inPlace = "in place";

/** What a plan would do, for `--dry-run`; a line or an object for each image. */
export function renderPlan(plan: Plan, format: OutputFormat, spell: Spelling): string {
  return lines(
    plan.items.map((item) => {
      const source = spell.reference(item.source);
      const destination = spell.reference(item.destination);
      if (format === "json") {
        const { action, reason, digest, currentDigest, bytes } = item;
        return JSON.stringify({ action, reason, source, destination, digest, currentDigest, bytes });
      }
      const moves = item.action === "skip" ? "" : `, at most ${formatBytes(item.bytes)}`;
      return `${item.action} ${source} -> ${destination}: ${item.reason}${moves}`;
    }),
  );
}

/**
 * The result of an apply: the pinned destination, by which the image can be run from now on, once however many tags it
 * has got; as JSON an object for each tag. What belongs to the image is counted in the summary.
 */
export function renderReport(report: Report, format: OutputFormat, spell: Spelling, cost: Cost): string {
  const images = report.items.filter(({ item }) => item.subject === undefined);
  const told = images.map(({ item, outcome, bytes, blobs }) => {
    const reference = spell.pinned(item.destination, item.digest);
    if (format === "text") return reference;
    const { action, digest } = item;
    const destination = spell.reference(item.destination);
    return JSON.stringify({ reference, destination, digest, action, outcome, bytes, blobs, ...cost });
  });
  return lines([...new Set(told)]);
}

/** One sentence about an apply, for people. */
export function summarise(report: Report, spent: Cost): string {
  const cost = describeCost(spent);
  if (report.items.every((item) => item.outcome === "unchanged")) {
    const kept = report.items.find(({ item }) => item.action === "skip" && item.reason !== inPlace);
    return `Nothing to do: ${printable(kept?.item.reason ?? `it is ${inPlace}`)} (${cost})`;
  }
  const sum = { copied: 0, mounted: 0, present: 0 };
  for (const { blobs } of report.items) {
    sum.copied += blobs.copied;
    sum.mounted += blobs.mounted;
    sum.present += blobs.present;
  }
  const referrers = report.items.filter(({ item }) => item.subject !== undefined).length;
  return `${describeBlobs(sum, referrers).join(", ")}; ${formatBytes(report.bytes)} moved (${cost})`;
}

/** The engine's ways to write references; handed in, because loading the engine costs start-up time. */
export interface Spelling {
  readonly reference: (reference: Plan["items"][number]["source"]) => string;
  readonly pinned: (reference: Plan["items"][number]["destination"], digest: Plan["items"][number]["digest"]) => string;
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join("");
}
