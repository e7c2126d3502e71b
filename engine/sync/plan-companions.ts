import { inLanes } from "../concurrency/lanes.ts";
import { isNotFound } from "../errors.ts";
import { artifactTypeOf, type Companion, type Companions } from "../graph/companions.ts";
import { findListed } from "../graph/listed-referrers.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import { readTree, type Weight, weightOf } from "../graph/walk.ts";
import type { Digest } from "../oci/digest.ts";
import { atDigest } from "../oci/reference.ts";
import { companionSubjects } from "./companion-subjects.ts";
import type { Ends, Plan, PlanItem } from "./plan.ts";
import type { Rule } from "./rule.ts";
import { judgeTag } from "./tagged-companion.ts";

/** What planning companions needs to know. */
export interface CompanionPlanOptions extends ReadOptions {
  readonly companions: Companions;
}

/** Companions of one image that are planned at the same time. */
const parallel = 16;

/** Why a companion makes no item: it is in place, or left where it is for a reason that people are told. */
type Settled = { readonly settled: "in place" } | { readonly settled: "left"; readonly why: string };

/**
 * What belongs to an image and is not at its destination yet. Each item follows the one of its subject, or the image.
 * Reads only; where the source has nothing that belongs to the image the destination is not asked.
 * @param first The position in the plan of the first of these items; the image has position 0.
 */
export async function planCompanions(
  rule: Rule,
  image: PlanItem,
  first: number,
  ends: Ends,
  options: CompanionPlanOptions,
): Promise<Plan> {
  const { artifactTypes } = rule.policy?.referrers ?? {};
  const { companions, signal } = options;
  const subjects = await companionSubjects(rule, image, ends, options);
  const [found, foreign] = await Promise.all([
    companions.find(ends.source, subjects.travelling, { artifactTypes, signal }),
    companions.find(ends.source, subjects.replaced, { artifactTypes, signal }),
  ]);
  const warnings = [...new Set([...found.warnings, ...foreign.warnings])];
  if (foreign.companions.length > 0 && image.source.digest !== undefined) {
    warnings.push(doesNotApply(image.source.digest, foreign.companions));
  }

  if (found.companions.length === 0) return { items: [], ...(warnings.length === 0 ? {} : { warnings }) };

  const listed = await listedAtDestination(image, found.companions, ends, options);
  const decided = await inLanes(found.companions, parallel, async (companion) => {
    signal?.throwIfAborted();
    const isListed = companion.tag === undefined && listed.get(companion.subject)?.has(companion.digest) === true;
    return isListed ? ({ settled: "in place" } as const) : await planOne(rule, companion, ends, options);
  });

  const items: PlanItem[] = [];
  const positions = new Map<Digest, number>();
  const left = new Set<Digest>();
  for (const [at, companion] of found.companions.entries()) {
    const decision = decided[at];
    if (decision === undefined) continue;
    if ("settled" in decision) {
      if (decision.settled === "left") {
        warnings.push(decision.why);
        left.add(companion.digest);
      }
      continue;
    }
    // What belongs to something that stays behind stays with it.
    if (left.has(companion.subject)) {
      left.add(companion.digest);
      continue;
    }
    if (!positions.has(companion.digest)) positions.set(companion.digest, first + items.length);
    items.push({ ...decision, follows: positions.get(companion.subject) ?? 0 });
  }
  return { items, ...(warnings.length === 0 ? {} : { warnings }) };
}

/** Subject → what the destination lists under it; nothing is asked of an image that is not there. */
async function listedAtDestination(
  image: PlanItem,
  companions: readonly Companion[],
  { destination }: Ends,
  { companions: { lists }, signal }: CompanionPlanOptions,
): Promise<ReadonlyMap<Digest, ReadonlySet<Digest>>> {
  const listed = new Map<Digest, ReadonlySet<Digest>>();
  if (image.action === "copy") return listed;
  const referrers = companions.filter(({ tag }) => tag === undefined);
  const own = new Set(referrers.map(({ digest }) => digest));
  const ask = async (subjects: Iterable<Digest>): Promise<void> => {
    await Promise.all(
      [...new Set(subjects)].map(async (subject) => {
        const wanted = referrers.filter((one) => one.subject === subject).map(({ digest }) => digest);
        listed.set(subject, await findListed(destination, subject, wanted, { lists, signal }));
      }),
    );
  };
  await ask(referrers.map(({ subject }) => subject).filter((subject) => !own.has(subject)));
  // What refers to a referrer can be in place only where that is.
  for (let more = true; more;) {
    const there = new Set([...listed.values()].flatMap((digests) => [...digests]));
    const next = referrers
      .map(({ subject }) => subject)
      .filter((subject) => there.has(subject) && !listed.has(subject));
    more = next.length > 0;
    await ask(next);
  }
  return listed;
}

async function planOne(
  rule: Rule,
  companion: Companion,
  ends: Ends,
  options: CompanionPlanOptions,
): Promise<PlanItem | Settled> {
  const { digest, subject, tag, artifactType } = companion;
  const current =
    tag === undefined ? undefined : await ends.destination.manifests.find(tag, { signal: options.signal });
  if (current?.digest === digest) return { settled: "in place" };
  let weight: Weight;
  let type: string | undefined;
  try {
    const manifest = await options.cache.get(ends.source, digest, options.signal);
    if (tag === undefined && manifest.subject?.digest !== subject) {
      const says = manifest.subject === undefined ? "refers to nothing" : `refers to ${manifest.subject.digest}`;
      return { settled: "left", why: `${digest} is listed as a referrer of ${subject}, but ${says}; it is left out` };
    }
    if (current && tag !== undefined) {
      const kept = await judgeTag(rule, { tag, current: current.digest, manifest, artifactType }, ends, options);
      if (kept) return kept;
    }
    weight = weightOf(await readTree(ends.source, manifest, options));
    type = tag === undefined ? (artifactTypeOf(manifest) ?? artifactType) : artifactType;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const what = tag === undefined ? digest : `tag ${tag}`;
    return { settled: "left", why: `${what} belongs to ${subject}, but is incomplete at its source; it is left out` };
  }
  const { createRepository } = rule.policy ?? {};
  const at = { registry: rule.destination.registry, repository: rule.destination.repository };
  return {
    source: { ...atDigest(rule.source, digest), ...(tag === undefined ? {} : { tag }) },
    destination:
      tag === undefined ? atDigest(rule.destination, digest) : { ...at, spelled: rule.destination.spelled, tag },
    action: "copy",
    reason: current ? `the tag holds ${current.digest}` : `it belongs to ${subject}`,
    digest,
    ...(current ? { currentDigest: current.digest } : {}),
    // Whoever signs at the destination between plan and apply loses nothing.
    ...(tag === undefined ? {} : { guarded: "keep" as const }),
    ...weight,
    subject,
    ...(type === undefined ? {} : { artifactType: type }),
    ...(createRepository === undefined ? {} : { createRepository }),
  };
}

function doesNotApply(original: Digest, companions: readonly Companion[]): string {
  const shown = companions
    .slice(0, 5)
    .map(({ tag, digest, artifactType }) => tag ?? `${artifactType ?? "artifact"} ${digest}`);
  const more = companions.length > shown.length ? ` and ${companions.length - shown.length} more` : "";
  return `Only some platforms are copied, so what signs or describes the whole index ${original} does not apply and stays behind: ${shown.join(", ")}${more}`;
}
