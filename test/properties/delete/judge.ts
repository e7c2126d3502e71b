import { emptyConfig, type Model } from "./model.ts";
import type { Passing } from "./windows.ts";
import type { Witness } from "./witness.ts";

/** What a piece of our work may do to a repository. */
export interface Rights {
  /** Tag → what it may be put to. */
  readonly puts: ReadonlyMap<string, string>;
  /** Tag → what it must hold to be taken away; `anything` for whoever asks for a tag and not for an image. */
  readonly untags: ReadonlyMap<string, string>;
  /** Images that may be collected with all below them, if nobody needs them. */
  readonly collects: readonly string[];
  /** Stays, with all below it. */
  readonly keeps: readonly string[];
}

interface Verdict {
  /** Why the request must not succeed. */
  readonly wrong: string | undefined;
  readonly holds: string | undefined;
}

/**
 * Judges each request that changes something at the moment it arrives, and writes its effect into the model: harm is
 * seen where it is done, although a later request may cover it up.
 */
export class Judge {
  readonly wrongs: string[] = [];
  /** What was pushed without a tag during the work: nobody can see it, so nobody can protect it. */
  readonly untagged: Set<string> = new Set();
  /** Of all that is done at the same time; nobody may write anything without. */
  rights: readonly Rights[] = [];
  /** Manifests that were there when the work began: of what is gone nobody can tell what it named. */
  present: ReadonlySet<string> = new Set();
  readonly #model: Model;
  readonly #witness: Witness;

  constructor(model: Model, witness: Witness) {
    this.#model = model;
    this.#witness = witness;
  }

  async before(request: Passing): Promise<Verdict> {
    const { method, kind, reference } = request;
    const holds = this.#model.tags.get(reference);
    if (method === "DELETE" && kind === "manifest" && !reference.includes(":")) {
      const wrong = this.#mayUntag(reference, holds) ? undefined : `tag ${reference} was taken from ${holds}`;
      return { wrong, holds };
    }
    if (method !== "DELETE" || kind === "upload") return { wrong: undefined, holds };
    const wrong = await this.#whyNeeded(kind, reference);
    return { wrong: wrong === undefined ? undefined : `${kind} ${reference} was deleted: ${wrong}`, holds };
  }

  /** @param digest What the registry says that it has stored. */
  async after(request: Passing, verdict: Verdict, status: number, digest: string | undefined): Promise<void> {
    const { method, kind, reference } = request;
    if (status >= 300 || method === "GET" || method === "HEAD") return;
    if (verdict.wrong !== undefined) this.wrongs.push(verdict.wrong);
    if (kind !== "manifest") return;
    if (method === "DELETE") {
      this.#model.tags.delete(reference);
      for (const [tag, held] of this.#model.tags) if (held === reference) this.#model.tags.delete(tag);
    } else if (method === "PUT" && !reference.includes(":") && digest !== undefined) {
      await this.#put(reference, digest, verdict.holds);
    }
  }

  async #put(tag: string, digest: string, held: string | undefined): Promise<void> {
    if (this.#model.images.has(digest)) {
      const isRestored = this.#mayUntag(tag, digest) && this.#model.standIns.get(held ?? "") === digest;
      if (!this.rights.some(({ puts }) => puts.get(tag) === digest) && !isRestored)
        this.wrongs.push(`tag ${tag} was put to ${digest}`);
    } else {
      const text = (await this.#witness.read("manifest", digest))?.toString() ?? "";
      const original = /"io\.imagesync\.stand-in\.for":"([^"]+)"/.exec(text)?.[1];
      if (original === undefined) this.wrongs.push(`tag ${tag} was put to ${text}`);
      if (!this.#mayUntag(tag, held)) this.wrongs.push(`tag ${tag} was overwritten, which held ${held}`);
      this.#model.standIns.set(digest, original ?? "");
    }
    this.#model.tags.set(tag, digest);
  }

  /** Whether a tag is to go at all. */
  removes(tag: string): boolean {
    return this.rights.some(({ untags }) => untags.has(tag));
  }

  /** The referrers of what is collected: it goes, they stay whole. */
  attachedTo(collects: readonly string[]): string[] {
    const own = this.#model.below(collects, (manifest) => this.present.has(manifest));
    return [...own].flatMap((digest) => this.#model.referrersOf(digest)).filter((digest) => !own.has(digest));
  }

  #mayUntag(tag: string, holds: string | undefined): boolean {
    if (holds === undefined) return true;
    // What an interrupted removal has left is ours to finish.
    const replaced = this.#model.standIns.get(holds);
    return this.rights.some(({ untags }) => {
      const expected = untags.get(tag);
      return expected !== undefined && ["anything", holds, replaced].includes(expected);
    });
  }

  async #whyNeeded(kind: string, digest: string): Promise<string | undefined> {
    const model = this.#model;
    if (kind === "manifest" && model.standIns.has(digest)) return undefined;
    const tags = [...model.tags].filter(([, held]) => held === digest).map(([tag]) => tag);
    if (kind === "manifest" && tags.length > 0) return `the tags ${tags.join(", ")} hold it`;
    if (kind === "blob" && digest === emptyConfig) return "all artifacts share it";
    const owners = this.rights.filter(({ collects }) => model.below(collects).has(digest));
    if (owners.length === 0) return "it is no part of what is removed";
    if (model.required().has(digest)) return "somebody can reach it";
    const has = (manifest: string): boolean => this.present.has(manifest);
    if (owners.every(({ keeps }) => model.below(keeps, has).has(digest))) return "it was to be kept";
    if (owners.every(({ collects }) => model.required(this.attachedTo(collects)).has(digest)))
      return "a referrer has it";
    // Two who delete at the same time need not wait for each other, but each goes from the top down.
    const above = await Promise.all(
      owners.map((owner) => this.#presentAbove(digest, model.below(owner.collects, has))),
    );
    if (above.every((parent) => parent !== undefined)) return `${above.join()} is still there and names it`;
    return undefined;
  }

  async #presentAbove(digest: string, own: ReadonlySet<string>): Promise<string | undefined> {
    for (const parent of own) {
      if (!this.#model.images.has(parent) || this.untagged.has(parent)) continue;
      const { children, blobs } = this.#model.names(parent);
      if (!children.includes(digest) && !blobs.includes(digest)) continue;
      if ((await this.#witness.read("manifest", parent)) !== undefined) return parent;
    }
    return undefined;
  }
}
