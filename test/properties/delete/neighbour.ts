import * as fc from "fast-check";
import { buildIndex, push, type TestManifest } from "../../support/images/index.ts";
import { anyRecipe, build, buildArtifact, buildSparse, type Recipe } from "./content.ts";
import type { Model } from "./model.ts";
import type { Witness } from "./witness.ts";

/** Tags are few, so that ours and theirs meet. */
export const tagNames = ["a", "b", "c", "d"] as const;

/** What somebody else does in our repository. `of` counts the images that were ever pushed, or the tags there are. */
export type Action =
  | { readonly does: "push"; readonly tag: string; readonly image: Recipe }
  | { readonly does: "tag again"; readonly tag: string; readonly of: number }
  | { readonly does: "take in"; readonly tag: string; readonly of: number; readonly beside: Recipe }
  | { readonly does: "push without tag"; readonly image: Recipe }
  | { readonly does: "refer"; readonly of: number; readonly layers: readonly string[] }
  | { readonly does: "sign"; readonly of: number; readonly layers: readonly string[]; readonly as: "sig" | "att" }
  | { readonly does: "push sparse"; readonly tag: string; readonly children: readonly Recipe[] }
  | { readonly does: "drop tag"; readonly of: number };

const tag = fc.constantFrom(...tagNames);
const of = fc.nat({ max: 20 });
const layers = fc.subarray(["k", "l", "s"], { minLength: 1 });

export const anyAction: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ does: fc.constant("push" as const), tag, image: anyRecipe }),
  fc.record({ does: fc.constant("tag again" as const), tag, of }),
  fc.record({ does: fc.constant("take in" as const), tag, of, beside: anyRecipe }),
  fc.record({ does: fc.constant("push without tag" as const), image: anyRecipe }),
  fc.record({ does: fc.constant("refer" as const), of, layers }),
  fc.record({ does: fc.constant("sign" as const), of, layers, as: fc.constantFrom("sig" as const, "att" as const) }),
  fc.record({
    does: fc.constant("push sparse" as const),
    tag,
    children: fc.array(anyRecipe, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ does: fc.constant("drop tag" as const), of }),
);

/** What the registry lets its users do. */
export interface Customs {
  readonly referrersApi: boolean;
  readonly allowSparseIndex: boolean;
}

/** Everybody else: pushes by plain HTTP what is not there, as docker does, and tells the model. */
export class Neighbour {
  /** Tags that he has written or dropped since this was emptied. */
  readonly touched: Set<string> = new Set();
  readonly #at: { readonly host: string; readonly repository: string };
  readonly #model: Model;
  readonly #witness: Witness;
  readonly #customs: Customs;
  readonly #onUntagged: (digest: string) => void;

  constructor(
    at: { readonly host: string; readonly repository: string },
    model: Model,
    witness: Witness,
    customs: Customs,
    onUntagged: (digest: string) => void,
  ) {
    this.#at = at;
    this.#model = model;
    this.#witness = witness;
    this.#customs = customs;
    this.#onUntagged = onUntagged;
  }

  async act(action: Action): Promise<void> {
    switch (action.does) {
      case "push":
        return await this.#push(build(action.image), action.tag);
      case "tag again":
        return await this.#withKnown(action.of, (image) => this.#push(image, action.tag));
      case "take in":
        return await this.#withKnown(action.of, (image) =>
          this.#push(buildIndex({ children: [image, build(action.beside)] }), action.tag),
        );
      case "push without tag":
        return await this.#push(build(action.image), undefined);
      case "refer":
        return await this.#withKnown(action.of, (image) => this.#refer(image, action.layers));
      case "sign":
        return await this.#withKnown(action.of, (image) =>
          this.#push(buildArtifact(action.layers), `${image.digest.replace(":", "-")}.${action.as}`),
        );
      case "push sparse":
        return await this.#push(
          this.#customs.allowSparseIndex
            ? buildSparse(action.children.map(build))
            : buildIndex({ children: action.children.map(build) }),
          action.tag,
        );
      case "drop tag":
        return await this.#drop(action.of);
    }
  }

  async #withKnown(number: number, work: (image: TestManifest) => Promise<void>): Promise<void> {
    const image = this.#model.known(number);
    if (image) await work(image);
  }

  async #push(image: TestManifest, tag: string | undefined): Promise<void> {
    await push(image, {
      ...this.#at,
      ...(tag === undefined ? {} : { tag }),
      present: new Set(await this.#presentBlobs(image)),
    });
    this.#model.learn(image);
    if (tag === undefined) {
      for (const digest of this.#model.below([image.digest])) this.#onUntagged(digest);
    } else {
      const held = this.#model.tags.get(tag);
      this.#model.tags.set(tag, image.digest);
      this.touched.add(tag);
      this.#leave(held);
    }
  }

  async #presentBlobs(image: TestManifest): Promise<string[]> {
    const own = await Promise.all(
      image.blobs.map(async ({ digest }) => ((await this.#witness.read("blob", digest)) ? [digest] : [])),
    );
    const children = await Promise.all(image.children.map((child) => this.#presentBlobs(child)));
    return [...own, ...children].flat();
  }

  /** As the specification has it: without the API the client keeps the list, under a tag named after the subject. */
  async #refer(subject: TestManifest, names: readonly string[]): Promise<void> {
    const referrer = buildArtifact(names, subject);
    if (this.#customs.referrersApi) return await this.#push(referrer, undefined);
    const tag = subject.digest.replace(":", "-");
    const held = this.#model.images.get(this.#model.tags.get(tag) ?? "");
    const others = held?.children.filter(({ digest }) => digest !== referrer.digest) ?? [];
    return await this.#push(buildIndex({ children: [...others, referrer] }), tag);
  }

  async #drop(number: number): Promise<void> {
    const tag = [...this.#model.tags.keys()].toSorted()[number % Math.max(1, this.#model.tags.size)];
    if (tag === undefined) return;
    await this.#witness.dropTag(tag);
    const held = this.#model.tags.get(tag);
    this.#model.tags.delete(tag);
    this.touched.add(tag);
    this.#leave(held);
  }

  /** What he takes the last tag from is as if it had been pushed without one: who deletes cannot see it. */
  #leave(held: string | undefined): void {
    const required = this.#model.required();
    for (const digest of held === undefined ? [] : this.#model.below([held])) {
      if (!required.has(digest)) this.#onUntagged(digest);
    }
  }
}
