import type { ErrorCode, ImagesyncError, PlanFailure, PlanItem, ReportItem, Side } from "../../engine/index.ts";

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
  /** The canonical name of the tag it was read by, and what that holds; undefined for what has no tag there. */
  readonly sourceTag?: string | undefined;
  readonly sourceDigest?: PlanItem["digest"] | undefined;
  /** The digest of the image that this one belongs to: of signatures and the like. */
  readonly subject?: string | undefined;
  /** The registry that was written to. */
  readonly registry: string;
  readonly bytes: number;
  readonly blobs: ReportItem["blobs"];
  readonly error?: Problem | undefined;
}

/** Why it went wrong, in words of the engine. */
interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly side?: Side | undefined;
}

/** Writes references; handed in, because loading the engine costs start-up time. */
export type Spell = (reference: PlanItem["source"]) => string;

const nothing = { bytes: 0, blobs: { copied: 0, mounted: 0, present: 0 } };

const conflicts: ReadonlySet<ErrorCode> = new Set(["conflict", "immutable"]);

/** What the engine reports of an item that was applied. */
export function resultOf(rule: string, report: ReportItem, spell: Spell): ImageResult {
  const { item, outcome, error, bytes, blobs, reason = item.reason } = report;
  const base = { ...placed(rule, item, spell), reason, bytes, blobs };
  if (outcome === "failed" && error !== undefined) return { ...base, ...failed(error) };
  if (outcome === "left" || outcome === "failed") return { ...base, outcome: "left" };
  if (outcome === "unchanged") return { ...base, outcome };
  return { ...base, outcome: item.action === "delete" ? "deleted" : "copied" };
}

/** Of an item that was never tried. */
export function leftOf(rule: string, item: PlanItem, spell: Spell): ImageResult {
  return { ...placed(rule, item, spell), ...nothing, outcome: "left" };
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

function placed(rule: string, item: PlanItem, spell: Spell): Omit<ImageResult, "outcome" | "bytes" | "blobs"> {
  const { source, destination, digest, action, reason, subject } = item;
  return {
    rule,
    // The digest beside a tag is told by itself: people know their images by tags.
    source: spell(source.tag === undefined ? source : { ...source, digest: undefined }),
    destination: spell(destination),
    registry: destination.registry,
    digest,
    action,
    reason,
    sourceTag: tagOf(item),
    sourceDigest: source.digest,
    subject,
  };
}

/** The canonical name of the tag that an item reads; undefined for what has none, and for what is not read. */
export function tagOf({ source, subject, action }: PlanItem): string | undefined {
  if (source.tag === undefined || subject !== undefined || action === "delete") return undefined;
  return `${source.registry}/${source.repository}:${source.tag}`;
}

function failed(error: ImagesyncError | PlanFailure): Pick<ImageResult, "outcome" | "error"> {
  const { code, message, hint, side } = error;
  // Who stops a run has not been failed by anybody.
  if (code === "aborted") return { outcome: "left" };
  return { outcome: conflicts.has(code) ? "conflict" : "failed", error: { code, message, hint, side } };
}
