import type { Plan, PlanItem } from "../../engine/index.ts";
import { tagOf } from "../sync/result.ts";
import type { LockFile } from "./lock-file.ts";

/** What happens when a tag at the source holds another digest than the lock file has last seen. */
export const retagPolicies = ["warn", "fail", "accept"] as const;

/** One of {@link retagPolicies}. `fail`: the image is not copied, whatever else the rule says. */
export type RetagPolicy = (typeof retagPolicies)[number];

/** A tag that was put on something else at its source. */
export interface Retag {
  /** Canonical, with its tag. */
  readonly tag: string;
  readonly old: string;
  /** When the old digest was first seen, RFC 3339. */
  readonly since: string;
  readonly now: string;
  /** It has held this digest before, earlier than the old one. */
  readonly back: boolean;
}

/** Compares a plan with what was seen before. With `fail` what was retagged is a conflict in the plan that comes back. */
export function reviewRetags(
  plan: Plan,
  lock: LockFile,
  policy: RetagPolicy,
): { readonly plan: Plan; readonly retags: readonly Retag[] } {
  const retags = new Map<string, Retag>();
  const items = plan.items.map((item) => {
    const retag = retagOf(item, lock);
    if (retag === undefined) return item;
    retags.set(retag.tag, retag);
    if (policy !== "fail") return item;
    const hint = "Find out who has moved it, and why; a run with --on-retag accept takes what it holds now";
    return { ...item, action: "conflict" as const, reason: describeRetag(retag), hint };
  });
  return { plan: { ...plan, items }, retags: [...retags.values()] };
}

/** The alarm, a sentence without its final period. */
export function describeRetag({ tag, old, since, now, back }: Retag): string {
  const again = back ? ", which it held before" : "";
  return `the tag ${tag} was moved at its source: it held ${old} since ${since}, and holds ${now} now${again}`;
}

function retagOf(item: PlanItem, lock: LockFile): Retag | undefined {
  const tag = tagOf(item);
  const now = item.source.digest;
  const before = tag === undefined ? undefined : lock.newest(tag);
  if (tag === undefined || now === undefined || before === undefined || before.digest === now) return undefined;
  return { tag, old: before.digest, since: before.firstSeen, now, back: lock.knows(tag, now) };
}
