import { Slots } from "../concurrency/slots.ts";
import type { RemovalReport } from "../delete/report.ts";
import { ImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { repositoryKey } from "../graph/known.ts";
import { formatReference, tagOrLatest } from "../oci/reference.ts";
import { applyItem, type ItemContext } from "./apply-item.ts";
import { failure } from "./failure.ts";
import type { Plan, PlanItem } from "./plan.ts";
import type { ReportItem } from "./report.ts";

export interface ApplyContext extends ItemContext {
  /** Deletes the tag of an item if it still holds the item's digest, and collects what only it has held. */
  readonly remove: (item: PlanItem, signal: AbortSignal | undefined) => Promise<RemovalReport>;
}

export interface ApplyOptions {
  /** Stops the whole apply within two seconds, in mid-blob too; tags stay as they were. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: OnEvent | undefined;
  /** Told of each item as soon as it has ended; called synchronously, must be cheap and must not throw. */
  readonly onItem?: ((item: ReportItem) => void) | undefined;
  /** After the first failure nothing more is begun: what was not is `left`. @default false */
  readonly failFast?: boolean | undefined;
}

/** How many images are worked on at the same time; blobs and connections have limits of their own. */
const parallelItems = 64;

const nothing = { bytes: 0, blobs: { copied: 0, mounted: 0, present: 0 } } as const;

/** How an item has ended, and whether what follows it finds it in place. */
interface Ended {
  readonly report: ReportItem;
  readonly inPlace: boolean;
}

/**
 * Executes a plan as it stands: nothing is decided here, no tag is resolved again. What follows an item waits for it.
 * Deletes come last: a repository loses nothing where something could not be planned or put in place, nor a tag that
 * another item of the plan wants there.
 * @throws `config` for a plan whose items follow what they cannot follow.
 */
export async function applyPlan(plan: Plan, context: ApplyContext, options: ApplyOptions): Promise<ReportItem[]> {
  checkOrder(plan);
  const run = new Run(plan, context, options);
  return await run.all();
}

/** One apply: items begin in the order of the plan. */
class Run {
  readonly #plan: Plan;
  readonly #context: ApplyContext;
  readonly #options: ApplyOptions;
  readonly #slots = new Slots(parallelItems);
  #failed = false;

  constructor(plan: Plan, context: ApplyContext, options: ApplyOptions) {
    this.#plan = plan;
    this.#context = context;
    this.#options = options;
  }

  async all(): Promise<ReportItem[]> {
    const ended: Promise<Ended>[] = [];
    const puts = new Map<string, Promise<Ended>[]>();
    const readers = new Map<string, Promise<Ended>[]>();
    const wanted = new Set<string>();
    for (const [position, item] of this.#plan.items.entries()) {
      if (item.action === "delete") continue;
      // Some of these are begun after this one, but all before it looks for them.
      const ways = (): Promise<Ended>[] => waysOf(item).flatMap((way) => ended[way] ?? []);
      const ending = this.#tell(this.#put(item, ways));
      ended[position] = ending;
      addTo(puts, repositoryKey(item.destination), ending);
      addTo(readers, repositoryKey(item.source), ending);
      wanted.add(tagKey(item));
    }
    const unplanned = new Set((this.#plan.failures ?? []).map(({ destination }) => repositoryKey(destination)));
    for (const [position, item] of this.#plan.items.entries()) {
      if (item.action !== "delete") continue;
      const key = repositoryKey(item.destination);
      const doubt = unplanned.has(key)
        ? "something could not be planned for its repository"
        : wanted.has(tagKey(item))
          ? "the plan also puts something there"
          : undefined;
      ended[position] = this.#tell(this.#delete(item, doubt, puts.get(key) ?? [], readers.get(key) ?? []));
    }
    return (await Promise.all(ended)).map(({ report }) => report);
  }

  async #tell(ending: Promise<Ended>): Promise<Ended> {
    const ended = await ending;
    if (ended.report.outcome === "failed") this.#failed = true;
    this.#options.onItem?.(ended.report);
    return ended;
  }

  async #put(item: PlanItem, ways: () => readonly Promise<Ended>[]): Promise<Ended> {
    if (item.action === "skip") return { report: { item, outcome: "unchanged", ...nothing }, inPlace: true };
    const followed = item.follows === undefined ? undefined : await firstInPlace(ways);
    if (followed && !followed.inPlace) {
      const { destination } = followed.report.item;
      return left(item, `it belongs to ${formatReference(destination)}, which is not in place`);
    }
    return await this.#inSlot(item, async () => {
      if (item.action === "conflict") return failed(item, conflict(item));
      const isWhole = followed?.report.outcome === "done" && isSameImage(item, followed.report.item);
      const applied = await applyItem(item, this.#context, { ...this.#options, isWhole });
      if ("kept" in applied) {
        return { report: { item, outcome: "unchanged", reason: applied.kept, ...nothing }, inPlace: false };
      }
      const { bytes, ...blobs } = applied;
      return { report: { item, outcome: "done", bytes, blobs }, inPlace: true };
    });
  }

  async #delete(
    item: PlanItem,
    doubt: string | undefined,
    puts: readonly Promise<Ended>[],
    readers: readonly Promise<Ended>[],
  ): Promise<Ended> {
    if (doubt !== undefined) return left(item, doubt);
    const beside = await Promise.all(puts);
    // What is copied from here to elsewhere, in a chain of mirrors, is read to its end first.
    await Promise.all(readers);
    if (beside.some(({ report }) => report.outcome === "failed" || report.outcome === "left")) {
      return left(item, "something could not be put into its repository");
    }
    return await this.#inSlot(item, async () => {
      const removal = await this.#context.remove(item, this.#options.signal);
      if (removal.untagged) return { report: { item, outcome: "done", ...nothing, removal }, inPlace: false };
      const reason = removal.kept[0]?.by ?? "the tag is kept";
      return { report: { item, outcome: "unchanged", reason, ...nothing, removal }, inPlace: false };
    });
  }

  async #inSlot(item: PlanItem, work: () => Promise<Ended>): Promise<Ended> {
    const { signal, failFast } = this.#options;
    try {
      const release = await this.#slots.acquire(signal);
      try {
        if (failFast === true && this.#failed) return left(item, "something else has failed before");
        return await work();
      } finally {
        release();
      }
    } catch (error) {
      return failed(item, failure(error, item.action === "delete" ? "delete tag" : "copy", signal));
    }
  }
}

/** What an item can follow, the one that it would rather follow first. */
function waysOf({ follows, orFollows = [] }: PlanItem): readonly number[] {
  return follows === undefined ? [] : [follows, ...orFollows];
}

/** The first of what an item can follow that is in place; when none is, the one that it would rather have followed. */
async function firstInPlace(ways: () => readonly Promise<Ended>[]): Promise<Ended | undefined> {
  // Until the next turn not all of them are begun.
  await Promise.resolve();
  let first: Ended | undefined;
  for (const way of ways()) {
    const ended = await way;
    if (ended.inPlace) return ended;
    first ??= ended;
  }
  return first;
}

function addTo(endings: Map<string, Promise<Ended>[]>, key: string, ending: Promise<Ended>): void {
  const together = endings.get(key) ?? [];
  endings.set(key, together);
  together.push(ending);
}

function left(item: PlanItem, reason: string): Ended {
  return { report: { item, outcome: "left", reason, ...nothing }, inPlace: false };
}

function failed(item: PlanItem, error: ImagesyncError): Ended {
  return { report: { item, outcome: "failed", error, ...nothing }, inPlace: false };
}

function conflict({ destination, reason, hint }: PlanItem): ImagesyncError {
  return new ImagesyncError({
    code: "conflict",
    operation: "copy",
    side: "destination",
    reference: formatReference(destination),
    registry: destination.registry,
    message: `Cannot copy to ${formatReference(destination)}: ${reason}`,
    hint: hint ?? "Find out who has moved the tag; then delete it, or allow tags to be overwritten",
  });
}

function isSameImage(one: PlanItem, other: PlanItem): boolean {
  return one.digest === other.digest && repositoryKey(one.destination) === repositoryKey(other.destination);
}

function tagKey({ destination }: PlanItem): string {
  return `${repositoryKey(destination)}:${tagOrLatest(destination) ?? ""}`;
}

/**
 * A plan can come from a file: what waits for itself would wait for ever. Nothing does when what has a choice belongs to
 * an image, and what it can choose belongs to nothing and follows only what belongs to nothing.
 */
function checkOrder({ items }: Plan): void {
  const isFree = (position: number): boolean => {
    const item = Number.isSafeInteger(position) ? items[position] : undefined;
    return item !== undefined && item.action !== "delete" && item.subject === undefined;
  };
  for (const [position, { subject, follows, orFollows = [] }] of items.entries()) {
    const refuse = (way: number): never => {
      throw new ImagesyncError({
        code: "config",
        operation: "apply a plan",
        message: `Cannot apply the plan: item ${position} follows item ${way}, which is none that can come before it`,
        hint: "Make the plan anew",
      });
    };
    for (const way of orFollows) {
      if (subject === undefined || follows === undefined || !isFree(way)) refuse(way);
    }
    if (follows === undefined) continue;
    const followed = Number.isSafeInteger(follows) && follows < position ? items[follows] : undefined;
    if (followed === undefined || followed.action === "delete") refuse(follows);
    if (subject === undefined && !isFree(follows)) refuse(follows);
  }
}
