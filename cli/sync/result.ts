import type { ErrorCode, ImagesyncError, Plan, PlanFailure, PlanItem, ReportItem, Side } from "../../engine/index.ts";

/** How it ended with one image. `left`: not tried, or stopped; `conflict`: it must not replace what is there. */
export type Outcome = "copied" | "unchanged" | "deleted" | "failed" | "conflict" | "left";

/** What happened to one image, small and printable: thousands of them are held. */
export interface ImageResult {
  /** The name of the rule that it comes from. */
  readonly rule: string;
  readonly outcome: Outcome;
  readonly source: string;
  readonly destination: string;
  readonly digest?: string | undefined;
  readonly action?: PlanItem["action"] | undefined;
  readonly reason?: string | undefined;
  /** The digest of the image that this one belongs to: of signatures and the like. */
  readonly subject?: string | undefined;
  /** The registry that was written to. */
  readonly registry: string;
  readonly bytes: number;
  readonly blobs: ReportItem["blobs"];
  /** Of the image together with what follows it. */
  readonly durationMs: number;
  readonly error?: Problem | undefined;
}

/** Why it went wrong, in words of the engine. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly side?: Side | undefined;
}

/** Writes references; handed in, because loading the engine costs start-up time. */
export type Spell = (reference: PlanItem["source"]) => string;

const nothing = { bytes: 0, blobs: { copied: 0, mounted: 0, present: 0 }, durationMs: 0 };

const conflicts: ReadonlySet<ErrorCode> = new Set(["conflict", "immutable"]);

/** What the engine reports of an item that was applied. */
export function resultOf(rule: string, report: ReportItem, durationMs: number, spell: Spell): ImageResult {
  const { item, outcome, error, bytes, blobs } = report;
  const base = { ...placed(rule, item, spell), bytes, blobs, durationMs };
  if (outcome === "failed" && error !== undefined) return { ...base, ...failed(error) };
  if (outcome === "left" || outcome === "failed") return { ...base, outcome: "left" };
  if (outcome === "unchanged") return { ...base, outcome };
  return { ...base, outcome: item.action === "delete" ? "deleted" : "copied" };
}

/** Of items that were never tried. */
export function leftOf(rule: string, { items }: Plan, spell: Spell): ImageResult[] {
  return items.map((item) => ({ ...placed(rule, item, spell), ...nothing, outcome: "left" }));
}

/** Of what could not even be planned. */
export function unplanned(rule: string, failure: PlanFailure, spell: Spell): ImageResult {
  const { source, destination } = failure;
  return {
    rule,
    source: spell(source),
    destination: spell(destination),
    registry: destination.registry,
    ...nothing,
    ...failed(failure),
  };
}

function placed(
  rule: string,
  item: PlanItem,
  spell: Spell,
): Omit<ImageResult, "outcome" | "bytes" | "blobs" | "durationMs"> {
  const { source, destination, digest, action, reason, subject } = item;
  return {
    rule,
    source: spell(source),
    destination: spell(destination),
    registry: destination.registry,
    digest,
    action,
    reason,
    subject,
  };
}

function failed(error: ImagesyncError | PlanFailure): Pick<ImageResult, "outcome" | "error"> {
  const { code, message, hint, side } = error;
  // Who stops a run has not been failed by anybody.
  if (code === "aborted") return { outcome: "left" };
  return { outcome: conflicts.has(code) ? "conflict" : "failed", error: { code, message, hint, side } };
}
