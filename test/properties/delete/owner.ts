import * as fc from "fast-check";
import {
  atDigest,
  type CollectionReport,
  type Digest,
  type Engine,
  isDigest,
  parseReference,
  type Reference,
  retentionTag,
} from "../../../engine/index.ts";
import { only } from "../../engine/pair.ts";
import type { Rights } from "./judge.ts";
import { anyRecipe, build, type Recipe } from "./content.ts";
import type { Model } from "./model.ts";
import { tagNames } from "./neighbour.ts";

type Policy = "delete" | "untag";

/** One thing that we want. `keep` and `digests` count the images that were ever pushed. */
export type Wish =
  | { readonly does: "put"; readonly tag: string; readonly image: Recipe; readonly keepPrevious: number }
  | {
      readonly does: "destroy";
      readonly tag: string;
      readonly policy: Policy;
      readonly keep: readonly number[];
      /** As the command line has it: whatever the tag holds. */
      readonly whatever: boolean;
    }
  | { readonly does: "collect"; readonly digests: readonly number[]; readonly keep: readonly number[] };

const tag = fc.constantFrom(...tagNames);
const policy = fc.constantFrom("delete" as const, "delete" as const, "delete" as const, "untag" as const);
const numbers = fc.array(fc.nat({ max: 20 }), { maxLength: 2 });

const anyPut: fc.Arbitrary<Wish> = fc.record({
  does: fc.constant("put" as const),
  tag,
  image: anyRecipe,
  keepPrevious: fc.nat({ max: 2 }),
});
const anyDestroy: fc.Arbitrary<Wish> = fc.record({
  does: fc.constant("destroy" as const),
  tag,
  policy,
  keep: numbers,
  whatever: fc.boolean(),
});
export const anyWish: fc.Arbitrary<Wish> = fc.oneof(
  { arbitrary: anyPut, weight: 4 },
  { arbitrary: anyDestroy, weight: 5 },
  {
    arbitrary: fc.record({ does: fc.constant("collect" as const), digests: numbers, keep: numbers }),
    weight: 1,
  },
);

/** What is remembered of an image of ours between two processes. */
interface Remembered {
  readonly digest: Digest;
  /** Newest first. */
  readonly previous: readonly Digest[];
}

/** A wish with all that it means for the repository as it is now. */
export interface Task {
  readonly wish: Wish;
  readonly rights: Rights;
  readonly run: (engine: Engine) => Promise<Outcome>;
}

export interface Outcome {
  /** The tag's own, of a put that has failed: somebody else has written it meanwhile. */
  readonly failure?: unknown;
  /** Why the earlier image could not be held by a tag. */
  readonly unheld?: unknown;
  readonly report?: CollectionReport;
  /** What is known of the tag from now on, if the process lives to write it down. */
  readonly remembers?: Remembered | "nothing";
  /** Earlier images that could not be held any more because they are gone. */
  readonly gone?: readonly string[];
}

/** Us: does with the engine what the Terraform resource and the command line do, in the same order. */
export class Owner {
  readonly #state = new Map<string, Remembered>();
  readonly #model: Model;
  readonly #repository: string;
  readonly #source: string;

  constructor(model: Model, repository: string, source: string) {
    this.#model = model;
    this.#repository = repository;
    this.#source = source;
  }

  /** What a wish means now. */
  plan(wish: Wish): Task {
    if (wish.does === "put") return this.#planPut(wish);
    return wish.does === "destroy" ? this.#planDestroy(wish) : this.#planCollect(wish);
  }

  /** The process has come to its end, and has written its state. */
  remember({ wish }: Task, { remembers }: Outcome): void {
    if (wish.does === "collect" || remembers === undefined) return;
    if (remembers === "nothing") this.#state.delete(wish.tag);
    else this.#state.set(wish.tag, remembers);
  }

  /** What a tag of ours held when we looked after it last. */
  heldBy(tag: string): string | undefined {
    return this.#state.get(tag)?.digest;
  }

  #planPut(wish: Wish & { readonly does: "put" }): Task {
    const { tag, keepPrevious } = wish;
    const image = build(wish.image);
    const digest = image.digest as Digest;
    const prior = this.#state.get(tag);
    const leaving = prior !== undefined && prior.digest !== digest ? prior.digest : undefined;
    const remembered = (prior?.previous ?? []).filter((one) => one !== leaving && one !== digest);
    const isBack = prior?.previous.includes(digest) === true;
    const isHeld = leaving !== undefined && keepPrevious > 0;
    const earlier = (held: boolean): Digest[] => [...(leaving !== undefined && held ? [leaving] : []), ...remembered];
    const olderOf = (previous: readonly Digest[]): Digest[] => previous.slice(keepPrevious);
    // Where the one that is left turns out to be gone, one more of the others is kept.
    const older = [...new Set([...olderOf(earlier(true)), ...olderOf(earlier(false))])];
    const keeps = [digest, ...remembered.slice(0, Math.max(0, keepPrevious - 1))];
    const released = [...(isBack ? [digest] : []), ...older];
    const destination = this.#at(tag);
    const run = async (engine: Engine): Promise<Outcome> => {
      let unheld: unknown;
      // As the resource does: the update goes on, and the image is looked after all the same.
      const there =
        !isHeld ||
        (await engine.retain(destination, leaving).catch((error: unknown) => {
          unheld = error;
          return true;
        }));
      const source = atDigest(parseReference(this.#source), digest);
      const plan = await engine.plan({ source, destination, digest });
      const { error } = only(await engine.apply(plan));
      if (error) return { failure: error };
      const previous = earlier(there);
      const old = olderOf(previous);
      const outcome = {
        unheld,
        ...(there ? {} : { gone: [leaving ?? ""] }),
        remembers: { digest, previous: previous.filter((one) => !old.includes(one)) },
      };
      const digests = isBack ? [digest, ...old] : old;
      if (digests.length === 0) return outcome;
      const report = await engine.collect(destination, {
        digests,
        keepDigests: [digest, ...previous.slice(0, keepPrevious)],
        policy: old.length === 0 ? "untag" : "delete",
      });
      return { ...outcome, report };
    };
    const puts: [string, string][] = [[tag, digest]];
    if (isHeld) puts.push([retentionTag(tag, leaving), leaving]);
    const untags = released.map((one): [string, string] => [retentionTag(tag, one), one]);
    return { wish, run, rights: { puts: new Map(puts), untags: new Map(untags), collects: older, keeps } };
  }

  #planDestroy(wish: Wish & { readonly does: "destroy" }): Task {
    const { tag, policy } = wish;
    const prior = this.#state.get(tag);
    const keeps = this.#known(wish.keep);
    const whatever = wish.whatever || prior === undefined;
    const expected = whatever ? (this.#model.tags.get(tag) as Digest | undefined) : prior.digest;
    const previous = [...(prior && !whatever ? [prior.digest] : []), ...(prior?.previous ?? [])].filter(
      (digest) => !keeps.includes(digest),
    );
    const run = async (engine: Engine): Promise<Outcome> => {
      const { untagged, ...report } = await engine.remove(this.#at(tag), {
        ...(whatever ? {} : { expectDigest: prior.digest }),
        previous,
        keepDigests: keeps,
        policy,
      });
      return untagged ? { report, remembers: "nothing" } : { report };
    };
    return {
      wish,
      run,
      rights: {
        puts: new Map(),
        untags: new Map([
          [tag, whatever ? "anything" : prior.digest],
          ...previous.map((digest): [string, string] => [retentionTag(tag, digest), digest]),
        ]),
        collects: policy === "untag" ? [] : [...(expected === undefined ? [] : [expected]), ...previous],
        keeps,
      },
    };
  }

  #planCollect(wish: Wish & { readonly does: "collect" }): Task {
    const digests = this.#known(wish.digests);
    const keepDigests = this.#known(wish.keep);
    const rights = { puts: new Map(), untags: new Map(), collects: digests, keeps: keepDigests };
    const { tag: _, ...repository } = this.#at("any");
    return {
      wish,
      rights,
      run: async (engine) => ({ report: await engine.collect(repository, { digests, keepDigests }) }),
    };
  }

  #known(numbers: readonly number[]): Digest[] {
    return numbers.flatMap((number) => {
      const image = this.#model.known(number);
      return image && isDigest(image.digest) ? [image.digest] : [];
    });
  }

  #at(tag: string): Reference {
    return parseReference(`${this.#repository}:${tag}`);
  }
}
