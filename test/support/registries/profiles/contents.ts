import { buffer } from "node:stream/consumers";
import type { Storage } from "../../../../embedded-registry/index.ts";

/** What a manifest names, as far as deletes go. */
interface Names {
  readonly manifests: readonly string[];
  readonly blobs: readonly string[];
  readonly subject: string | undefined;
}

interface Document {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly subject?: { readonly digest: string };
}

/** The contents of a registry as its vendor's database has them: who holds what, and changes without a request. */
export class Contents {
  readonly storage: Storage;

  constructor(storage: Storage) {
    this.storage = storage;
  }

  /** Whether anything was ever pushed there. */
  knows(repository: string): Promise<boolean> {
    return this.storage.knows(repository);
  }

  /** Tag → digest, in lexical order. */
  async tags(repository: string): Promise<Map<string, string>> {
    const tags = new Map<string, string>();
    for (const tag of (await this.storage.keys(repository, "tags")).sort()) {
      tags.set(tag, (await this.storage.get(repository, "tags", tag)) ?? "");
    }
    return tags;
  }

  async tagsOn(repository: string, digest: string): Promise<string[]> {
    return [...(await this.tags(repository))].filter(([, held]) => held === digest).map(([tag]) => tag);
  }

  /** Digest of a tag; a digest is its own, if the repository has it. */
  async resolve(repository: string, reference: string): Promise<string | undefined> {
    if (!reference.includes(":")) return this.storage.get(repository, "tags", reference);
    return (await this.mediaType(repository, reference)) === undefined ? undefined : reference;
  }

  mediaType(repository: string, digest: string): Promise<string | undefined> {
    return this.storage.get(repository, "manifests", digest);
  }

  /** Digests of all manifests, tagged or not. */
  async manifests(repository: string): Promise<string[]> {
    return (await this.storage.keys(repository, "manifests")).sort();
  }

  /** Digests of all blobs of the repository. */
  async blobs(repository: string): Promise<string[]> {
    return (await this.storage.keys(repository, "layers")).sort();
  }

  async text(digest: string): Promise<string> {
    return (await buffer(this.storage.open(digest))).toString();
  }

  async names(digest: string): Promise<Names> {
    const document = JSON.parse(await this.text(digest)) as Document;
    return {
      manifests: (document.manifests ?? []).map((child) => child.digest),
      blobs: [document.config ?? [], document.layers ?? []].flat().map((blob) => blob.digest),
      subject: document.subject?.digest,
    };
  }

  /** The indexes of the repository that name the manifest. */
  parents(repository: string, digest: string): Promise<string[]> {
    return this.#whoNames(repository, ({ manifests }) => manifests.includes(digest));
  }

  /** The manifests of the repository whose subject it is. */
  referrers(repository: string, digest: string): Promise<string[]> {
    return this.#whoNames(repository, ({ subject }) => subject === digest);
  }

  /** The manifests of the repository that need the blob. */
  users(repository: string, blob: string): Promise<string[]> {
    return this.#whoNames(repository, ({ blobs }) => blobs.includes(blob));
  }

  /** Takes one tag away; false when it was not there. */
  untag(repository: string, tag: string): Promise<boolean> {
    return this.storage.remove(repository, "tags", tag);
  }

  /** Takes a manifest away with all its tags. Its blobs and children stay. */
  async remove(repository: string, digest: string): Promise<void> {
    for (const tag of await this.tagsOn(repository, digest)) await this.untag(repository, tag);
    await this.forget(repository, digest);
  }

  /** Takes a manifest away from under its tags, as registries do that crash in the middle: the tags are hollow then. */
  async forget(repository: string, digest: string): Promise<void> {
    const { subject } = await this.names(digest);
    if (subject !== undefined) await this.storage.remove(repository, `referrers/${subject}`, digest);
    await this.storage.remove(repository, "manifests", digest);
  }

  async #whoNames(repository: string, wanted: (names: Names) => boolean): Promise<string[]> {
    const found: string[] = [];
    for (const digest of await this.manifests(repository)) if (wanted(await this.names(digest))) found.push(digest);
    return found;
  }
}
