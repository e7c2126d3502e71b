import type { Plan, PlanItem } from "../../engine/index.ts";
import { printable } from "../printable.ts";
import { shortDigest } from "../progress/event-line.ts";
import { count, formatBytes } from "../quantity.ts";
import type { Style } from "../style.ts";
import type { PlanSummary } from "./plan-summary.ts";
import type { ResultFormat } from "./rendering-flags.ts";
import type { Spell } from "./result.ts";
import type { RulePlan } from "./run.ts";

/** How a plan is printed. */
export interface PlanPrinting {
  readonly format: ResultFormat;
  readonly style: Style;
  readonly spell: Spell;
  /** Also what is in place, one by one. */
  readonly verbose: boolean;
}

/** The text of plans on standard output: grouped by what is to be done for people, item by item for programs. */
export function renderPlans(rules: readonly RulePlan[], summary: PlanSummary, printing: PlanPrinting): string {
  if (printing.format === "text") return asText(rules, summary, printing);
  const objects = rules.flatMap(({ name, plan }) => plan.items.map((item) => itemObject(name, item, printing)));
  const failures = rules.flatMap(({ name, plan }) => failureObjects(name, plan, printing));
  const warnings = rules.flatMap(({ plan }) => plan.warnings ?? []);
  if (printing.format === "json") {
    return `${JSON.stringify({ items: objects, failures, warnings, summary })}\n`;
  }
  const lines = [
    ...objects.map((object) => ({ kind: "item", ...object })),
    ...failures.map((object) => ({ kind: "failure", ...object })),
    ...warnings.map((message) => ({ kind: "warning", message })),
    { kind: "summary", ...summary },
  ];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Headings in the order of reading: what changes, then what does not, then what cannot. */
const groups: readonly { readonly action: PlanItem["action"]; readonly heading: string }[] = [
  { action: "copy", heading: "To copy" },
  { action: "repair", heading: "To repair" },
  { action: "tag", heading: "To tag" },
  { action: "delete", heading: "To delete" },
  { action: "skip", heading: "In place" },
  { action: "conflict", heading: "Conflicts" },
];

function asText(rules: readonly RulePlan[], summary: PlanSummary, printing: PlanPrinting): string {
  const { style, verbose } = printing;
  const items = rules.flatMap(({ plan }) => plan.items);
  const sections = groups.flatMap(({ action, heading }) => {
    const members = items.filter((item) => item.action === action && (item.subject === undefined || verbose));
    const total = summary.counts[action];
    if (members.length === 0 && total === 0) return [];
    const bytes = members.reduce((sum, item) => sum + item.bytes, 0);
    const size = action === "copy" || action === "repair" ? `, at most ${formatBytes(bytes)}` : "";
    const title = `${style.bold(heading)}: ${count(total, "image")}${size}`;
    const listed = action !== "skip" || verbose;
    return [title, ...(listed ? members.map((item) => itemLine(item, printing)) : [])];
  });
  const failures = rules.flatMap(({ plan }) => plan.failures ?? []);
  const failed =
    failures.length === 0
      ? []
      : [
          `${style.bold("Cannot be planned")}: ${failures.length}`,
          ...failures.flatMap(({ source, destination, message, hint }) => {
            const place = `${printing.spell(source)} -> ${printing.spell(destination)}`;
            const line = style.bad(`  ${printable(`${place}: ${message}`)}`);
            return hint === undefined ? [line] : [line, `    ${printable(hint)}`];
          }),
        ];
  return [...sections, ...failed, ...costLines(summary, style)].map((line) => `${line}\n`).join("");
}

function itemLine(item: PlanItem, { spell, style }: PlanPrinting): string {
  const { action, source, destination, digest, currentDigest, reason, bytes, subject } = item;
  const from = printable(spell({ ...source, ...(source.tag === undefined ? {} : { digest: undefined }) }));
  const to = printable(spell(destination));
  const why = style.dim(printable(reason));
  if (action === "delete") return `  ${to} (${shortDigest(digest)}): ${why}`;
  const now = currentDigest === undefined || currentDigest === digest ? "" : `, now ${shortDigest(currentDigest)}`;
  const size = action === "copy" || action === "repair" ? `, at most ${formatBytes(bytes)}` : "";
  const belongs = subject === undefined ? "" : ` of ${shortDigest(subject)}`;
  const line = `  ${from} -> ${to} (${shortDigest(digest)}${belongs}${now}${size}): `;
  return action === "conflict" ? `${style.bad(line)}${why}` : `${line}${why}`;
}

function costLines({ counts, bytes, pulls, rateLimits }: PlanSummary, style: Style): string[] {
  const charged = Object.entries(pulls)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([registry, number]) => {
      const limit = rateLimits[registry];
      return `${registry} ${number}${limit === undefined ? "" : ` (${limit.remaining} of ${limit.limit} left)`}`;
    });
  const parts = [
    `at most ${formatBytes(bytes)}`,
    ...(counts.referrers > 0 ? [`${count(counts.referrers, "referrer")} with them`] : []),
    ...(charged.length > 0 ? [`pulls charged: ${charged.join(", ")}`] : []),
  ];
  return [`${style.bold("Cost")}: ${parts.join("; ")}`];
}

function itemObject(rule: string, item: PlanItem, { spell }: PlanPrinting): object {
  const { action, reason, source, destination, digest, currentDigest, bytes, pulls, subject, artifactType } = item;
  return {
    rule,
    action,
    source: spell(source),
    destination: spell(destination),
    digest,
    currentDigest,
    reason,
    bytes,
    pulls,
    subject,
    artifactType,
  };
}

function failureObjects(rule: string, { failures = [] }: Plan, { spell }: PlanPrinting): object[] {
  return failures.map(({ source, destination, code, message, hint, side }) => {
    return { rule, source: spell(source), destination: spell(destination), code, message, hint, side };
  });
}
