import type { TestManifest } from "../../support/images/index.ts";
import { buildArtifact } from "./content.ts";

/** What a manifest names, as its document says: also what was never pushed with it. */
interface Names {
  readonly children: readonly string[];
  readonly blobs: readonly string[];
  readonly subject: string | undefined;
}

interface Document {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
  readonly subject?: { readonly digest: string };
}

/** The blob of two bytes that every artifact without a config shares: nobody may delete it. */
export const emptyConfig: string = buildArtifact([]).blobs[0]?.digest ?? "";

/**
 * What a repository must be, whoever has worked on it: which tag holds what, and which images there are. It shares no
 * code with the engine.
 */
export class Model {
  readonly tags: Map<string, string> = new Map();
  /** Every manifest that was ever pushed by anybody, by digest, with all that belongs to it. */
  readonly images: Map<string, TestManifest> = new Map();
  /** Stand-in → the digest whose tag it takes away. */
  readonly standIns: Map<string, string> = new Map();
  readonly #referrersApi: boolean;
  /** Subject → what the registry's API lists for it. */
  readonly #referrers = new Map<string, Set<string>>();
  /** Referrers that were damaged while nothing led to them: nobody could have known. */
  readonly #lost = new Set<string>();
  readonly #names = new Map<string, Names>();

  constructor(options: { readonly referrersApi: boolean }) {
    this.#referrersApi = options.referrersApi;
  }

  /** Somebody has pushed an image with all below it. */
  learn(image: TestManifest): void {
    this.images.set(image.digest, image);
    this.#lost.delete(image.digest);
    const { subject } = this.names(image.digest);
    if (subject !== undefined && this.#referrersApi) {
      this.#referrers.set(subject, (this.#referrers.get(subject) ?? new Set()).add(image.digest));
    }
    for (const child of image.children) this.learn(child);
  }

  /** The n-th image that was ever pushed, counted round. */
  known(number: number): TestManifest | undefined {
    return [...this.images.values()][number % Math.max(1, this.images.size)];
  }

  names(digest: string): Names {
    const kept = this.#names.get(digest);
    if (kept) return kept;
    const image = this.images.get(digest);
    if (image === undefined) return { children: [], blobs: [], subject: undefined };
    const document = JSON.parse(image.bytes.toString()) as Document;
    const names = {
      children: (document.manifests ?? []).map((child) => child.digest),
      blobs: [document.config ?? [], document.layers ?? []].flat().map((blob) => blob.digest),
      subject: document.subject?.digest,
    };
    this.#names.set(digest, names);
    return names;
  }

  /** What the registry lists as referring to a manifest. */
  referrersOf(subject: string): string[] {
    return [...(this.#referrers.get(subject) ?? [])].filter((digest) => !this.#lost.has(digest));
  }

  /** A referrer that is not whole any more, now that something leads to it again. */
  lose(referrer: string): void {
    this.#lost.add(referrer);
  }

  /** Everything that somebody can pull by a tag, or find by the referrers of what he pulls; more can be added. */
  required(more: Iterable<string> = []): Set<string> {
    const found = new Set<string>();
    const visit = (image: TestManifest): void => {
      if (found.has(image.digest)) return;
      found.add(image.digest);
      for (const blob of image.blobs) found.add(blob.digest);
      for (const child of image.children) visit(child);
      visitAll(this.referrersOf(image.digest));
    };
    const visitAll = (digests: Iterable<string>): void => {
      for (const digest of digests) {
        const image = this.images.get(digest);
        if (image) visit(image);
      }
    };
    visitAll(this.tags.values());
    visitAll(more);
    return found;
  }

  /** What a removal of these images owns: they and everything below, as far as `has` says that it is there. */
  below(tops: Iterable<string>, has: (digest: string) => boolean = () => true): Set<string> {
    const found = new Set<string>();
    const visit = (digest: string): void => {
      if (found.has(digest) || !this.images.has(digest) || !has(digest)) return;
      found.add(digest);
      const { children, blobs } = this.names(digest);
      for (const blob of blobs) found.add(blob);
      for (const child of children) visit(child);
    };
    for (const top of tops) visit(top);
    found.delete(emptyConfig);
    return found;
  }

  /**
   * All that a careful collector of these candidates leaves alone: what tags and `keep` lead to, also from a referrer to
   * its subject; but a signature alone does not hold what it signs.
   */
  needed(candidates: ReadonlySet<string>, keep: Iterable<string>): Set<string> {
    const found = new Set<string>();
    const visit = (digest: string, attachedTo?: string): void => {
      if (found.has(digest) || !this.images.has(digest)) return;
      found.add(digest);
      const { children, blobs, subject } = this.names(digest);
      for (const blob of blobs) found.add(blob);
      for (const child of [...children, ...(this.#referrers.get(digest) ?? [])]) visit(child, attachedTo);
      if (subject !== undefined && subject !== attachedTo) visit(subject, attachedTo);
    };
    const attachments: [string, string][] = [];
    for (const [tag, digest] of this.tags) {
      const hex = /^sha256-([0-9a-f]{64})/.exec(tag)?.[1];
      if (hex === undefined) visit(digest);
      else attachments.push([digest, `sha256:${hex}`]);
    }
    for (const digest of keep) visit(digest);
    for (const [digest, subject] of attachments) visit(digest, subject);
    for (const subject of candidates) {
      for (const digest of this.#referrers.get(subject) ?? []) if (!candidates.has(digest)) visit(digest, subject);
    }
    return found;
  }
}
