import { ImagesyncError, isNotFound } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { blobsOf, type Manifest } from "../oci/manifest.ts";
import type { Repository } from "../registry/repository.ts";
import type { ManifestCache } from "./manifest-cache.ts";
import { isManifest } from "./walk.ts";

/** What one manifest refers to in its repository: all that a collection needs to know of it. */
export interface Node {
  readonly digest: Digest;
  /** Of the manifest itself. */
  readonly bytes: number;
  /** The manifests an index names; they need not be there. */
  readonly children: readonly Digest[];
  /** Blob → its bytes; what an index names besides manifests stands here too. */
  readonly blobs: ReadonlyMap<Digest, number>;
  readonly subject?: Digest | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * What the manifests of one repository refer to, for as long as the process lives: each is read once however many
 * images are removed. Digests name content for ever, so what is remembered stays true; whether a manifest is still
 * there is not remembered.
 */
export class RepositoryIndex {
  readonly #nodes = new Map<Digest, Node>();
  readonly #cache: ManifestCache;
  #hasReferrers: boolean | undefined;
  /** The first question for referrers, as long as it is not answered. */
  #asking: Promise<unknown> | undefined;

  constructor(cache: ManifestCache) {
    this.#cache = cache;
  }

  /** How many manifests are known. */
  get size(): number {
    return this.#nodes.size;
  }

  /**
   * One manifest; undefined when the registry does not have it, which it has to say twice: what such a manifest names
   * is not protected by it. @throws what {@link Repository.manifests} throws for one that cannot be read.
   */
  async node(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<Node | undefined> {
    const kept = this.#nodes.get(digest);
    if (kept) return kept;
    const manifest = (await this.#read(repository, digest, signal)) ?? (await this.#read(repository, digest, signal));
    if (!manifest) return undefined;
    const node = toNode(digest, manifest);
    this.#nodes.set(digest, node);
    return node;
  }

  /**
   * What refers to a manifest as its subject, by the registry's own list; empty where it keeps none.
   * @throws `protocol` where a registry that keeps such lists answers with something else, a proxy's page for instance.
   */
  async referrers(repository: Repository, subject: Digest, signal?: AbortSignal): Promise<readonly Digest[]> {
    // Many ask at once: one finds out for all of them whether the registry has such lists.
    while (this.#hasReferrers === undefined && this.#asking) await this.#asking.catch(() => undefined);
    if (this.#hasReferrers === false) return [];
    signal?.throwIfAborted();
    const asking = repository.referrers.list(subject, { signal });
    this.#asking ??= asking;
    try {
      const found = await asking;
      if (found === undefined && this.#hasReferrers === true) throw notListed(repository, subject);
      this.#hasReferrers ??= found !== undefined;
      return (found ?? []).map((descriptor) => descriptor.digest);
    } finally {
      if (this.#asking === asking) this.#asking = undefined;
    }
  }

  async #read(repository: Repository, digest: Digest, signal: AbortSignal | undefined): Promise<Manifest | undefined> {
    try {
      return await this.#cache.get(repository, digest, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function notListed({ name }: Repository, subject: Digest): ImagesyncError {
  return new ImagesyncError({
    code: "protocol",
    operation: "list referrers",
    message: `Cannot list what refers to ${name.registry}/${name.repository}@${subject}: the registry lists referrers, but not these`,
    registry: name.registry,
  });
}

/** What a manifest refers to. */
export function toNode(digest: Digest, manifest: Manifest): Node {
  const { bytes, subject, annotations } = manifest;
  const blobs =
    manifest.kind === "image" ? blobsOf(manifest) : manifest.manifests.filter((child) => !isManifest(child));
  return {
    digest,
    bytes: bytes.byteLength,
    children: manifest.kind === "image" ? [] : manifest.manifests.filter(isManifest).map((child) => child.digest),
    blobs: new Map(blobs.map((blob) => [blob.digest, blob.size])),
    ...(subject ? { subject: subject.digest } : {}),
    ...(annotations ? { annotations } : {}),
  };
}
