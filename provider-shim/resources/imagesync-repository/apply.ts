import { isDeepStrictEqual } from "node:util";
import { type Digest, formatReference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { isUnknown, objectValue, type ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { copyImages, type Landing } from "./copy.ts";
import { dropped } from "./deletions.ts";
import { destroyRepository } from "./destroy.ts";
import { collectEarlierOf, holdEarlierOf } from "./earlier.ts";
import { failureText } from "./failures.ts";
import { type Memory, type Own, type Wanted, type Wish, writeMemory } from "./memory.ts";
import { memoryOf } from "./read.ts";
import { removeTags } from "./removal.ts";
import { askSource, canonicalRepository, questionOf, type TagFailure } from "./source.ts";
import { describeImages, type Digests, imagesIn, repositoryIn, tagsIn } from "./state.ts";
import { claimTags, newOwner } from "../tag-owners.ts";

type ApplyRequest = Parameters<ResourceDefinition<Configured>["apply"]>[0];
type ApplyAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["apply"]>>;

/** What apply goes by. */
interface Task {
  readonly wanted: Wanted;
  /** The digests that the plan has promised; undefined where it could not. */
  readonly promised: Digests | undefined;
  readonly failures: readonly TagFailure[];
}

/**
 * Brings the images that the plan has shown, removes what it has shown to go, or destroys. One image that fails stops
 * no other: the state says what is there, and the next plan shows the rest.
 */
export async function applyRepository(request: ApplyRequest, context: Context): Promise<ApplyAnswer> {
  const { prior, planned, provider } = request;
  if (planned === null) {
    if (prior !== null) await destroyRepository(prior, request.private, provider, context);
    return { state: null };
  }
  const memory = memoryOf(planned, request.private);
  const signal = deadline(planned["timeouts"], prior === null ? "create" : "update", context.signal);
  const task = await taskOf(planned, memory, provider, signal);
  const wantedTags = [...(task.promised ?? task.wanted.images).keys()];
  // Before anything is written, as it may refuse.
  const drops = dropped(planned, [...memory.ours.keys()], wantedTags);

  const current = imagesIn(prior);
  const work = new Map([...task.wanted.images].filter(([tag, wish]) => isToDo(tag, wish, task, request, memory)));
  const moving = await holdEarlierOf(planned, work, memory.ours, { provider, context, signal });
  const landings = await copyImages(planned, work, memory.ours, provider, context, signal);
  const broken = landings.flatMap((landing) => brokenPromise(landing, task));
  const dropping = new Map(drops.flatMap((tag) => entry(memory.ours, tag)));
  const stuck = await removeTags(planned, dropping, provider, context, signal);

  const failures = [...task.failures, ...landings.flatMap(({ failure }) => failure ?? []), ...broken];
  const failed = new Set(failures.map(({ tag }) => tag));
  const images = new Map<string, Digest>();
  for (const { tag } of stuck) for (const [, digest] of entry(current, tag)) images.set(tag, digest);
  const landed = new Map(landings.map(({ tag, digest }) => [tag, digest]));
  const uncertain = new Set(landings.flatMap((landing) => (landing.uncertain === true ? [landing.tag] : [])));
  const ours = new Map<string, Own>(stuck.flatMap(({ tag }) => entry(memory.ours, tag)));
  for (const [tag, wish] of task.wanted.images) {
    const digest = work.has(tag) ? landed.get(tag) : current.get(tag);
    const before = memory.ours.get(tag);
    // A destroy has to look for what may be there; it takes only what is exactly that.
    const own = before === undefined && uncertain.has(tag) ? { ...wish, previous: [] } : ownAfter(digest, wish, before);
    if (own) ours.set(tag, own);
    const shown = failed.has(tag) ? current.get(tag) : digest;
    if (shown !== undefined) images.set(tag, shown);
  }
  const owner = memory.owner ?? newOwner();
  claimTags(tagsIn(planned, ours.keys()), owner, provider, context);
  const kept = await collectEarlierOf(planned, moving, ours, { provider, context, signal });
  tellFailures([...failures, ...stuck], task, context);
  return {
    partial: true,
    state: objectValue({
      ...planned,
      id: formatReference(repositoryIn(planned, "destination")),
      ...describeImages(planned, images),
    }),
    private: writeMemory({
      place: canonicalRepository(formatReference(repositoryIn(planned, "destination"))),
      wanted: task.wanted,
      ours: kept,
      occupied: new Map(),
      unfinished: [...failed].filter((tag) => task.wanted.images.has(tag)),
      owner,
    }),
  };
}

/** What the plan has decided, or where it could not, what the source says now. */
async function taskOf(planned: ObjectValue, memory: Memory, provider: Configured, signal: AbortSignal): Promise<Task> {
  if (!isUnknown(planned["images"]) && memory.wanted !== undefined) {
    return { wanted: memory.wanted, promised: imagesIn(planned), failures: [] };
  }
  // What is remembered answers an older question where the question has changed, and is of use for that alone.
  const same = memory.wanted?.question === questionOf(planned);
  const { wanted, failures } = await askSource(
    planned,
    same ? memory : { ...memory, wanted: undefined },
    provider,
    signal,
  );
  return { wanted, promised: undefined, failures };
}

/** What says how an image is copied, so that a change of it is a reason to look at every image again. */
const copyAttributes = ["triggers", "referrers", "integrity_check", "required_platforms"] as const;

function isToDo(tag: string, wish: Wish, task: Task, { prior, planned }: ApplyRequest, memory: Memory): boolean {
  if (prior === null || planned === null || memory.unfinished.includes(tag)) return true;
  const isDifferent = copyAttributes.some((name) => !isDeepStrictEqual(prior[name], planned[name]));
  return isDifferent || imagesIn(prior).get(tag) !== (task.promised?.get(tag) ?? wish.digest);
}

/** Somebody has put something there since the plan, and it is to be left alone: that is not what the plan has shown. */
function brokenPromise({ tag, digest, failure }: Landing, { promised }: Task): TagFailure[] {
  const expected = promised?.get(tag);
  if (failure || digest === undefined || expected === undefined || expected === digest) return [];
  const message = `The tag holds ${digest} at the destination, where the plan has shown ${expected}`;
  return [{ tag, message, hint: "Repeat the plan to see what is there now", side: "destination" }];
}

/** Ours is what is as we would put it, or as we have put it. */
function ownAfter(digest: Digest | undefined, wish: Wish, before: Own | undefined): Own | undefined {
  if (digest === undefined) return before;
  if (digest === wish.digest) return { ...wish, previous: before?.previous ?? [] };
  return digest === before?.digest ? before : undefined;
}

function tellFailures(failures: readonly TagFailure[], { wanted }: Task, { diagnostics }: Context): void {
  if (failures.length === 0) return;
  const summary = `${failures.length} of ${wanted.images.size} images not mirrored`;
  const rest = failures.length < wanted.images.size ? "The others are in place. " : "";
  const next = `${rest}The next apply tries ${rest === "" ? "again" : "the rest again"}.`;
  diagnostics.error(summary, `${failureText(failures)}\n\n${next}`, attributePath("images"));
}

function entry<T>(map: ReadonlyMap<string, T>, tag: string): [string, T][] {
  const found = map.get(tag);
  return found === undefined ? [] : [[tag, found]];
}
