import { KeyedLock } from "../concurrency/keyed-lock.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Repository } from "../registry/repository.ts";
import { repositoryKey } from "./known.ts";

/** Enough for some thousand manifests; the bytes of all kept ones together. */
const capacityBytes = 32 * 1024 * 1024;

/**
 * Manifests by digest, verified when they were read: registries with a quota count every GET as a pull, and many tags
 * share a manifest. The oldest go first.
 */
export class ManifestCache {
  readonly #manifests = new Map<string, Manifest>();
  readonly #reading = new KeyedLock();
  #bytes = 0;

  /** The manifest from memory, or from the repository once however many ask at the same time. */
  async get(repository: Repository, digest: Digest, signal?: AbortSignal): Promise<Manifest> {
    const key = cacheKey(repository, digest);
    const kept = this.#manifests.get(key);
    if (kept) return kept;
    // A lock and not a shared promise: when the first reader is cancelled, the next one reads for itself.
    return await this.#reading.exclusive(
      key,
      async () => {
        const arrived = this.#manifests.get(key);
        if (arrived) return arrived;
        const manifest = await repository.manifests.get(digest, { signal });
        this.#add(key, manifest);
        return manifest;
      },
      signal,
    );
  }

  /** Keeps a manifest that was read by tag, so that it need not be read again by digest. */
  add(repository: Repository, manifest: Manifest): void {
    const key = cacheKey(repository, manifest.digest);
    if (!this.#manifests.has(key)) this.#add(key, manifest);
  }

  #add(key: string, manifest: Manifest): void {
    this.#manifests.set(key, manifest);
    this.#bytes += manifest.bytes.byteLength;
    for (const [oldest, old] of this.#manifests) {
      if (this.#bytes <= capacityBytes || oldest === key) break;
      this.#manifests.delete(oldest);
      this.#bytes -= old.bytes.byteLength;
    }
  }
}

/** What reading manifests needs. */
export interface ReadOptions {
  readonly cache: ManifestCache;
  readonly signal?: AbortSignal | undefined;
}

/** By repository too: who may read one repository need not be allowed to read another with the same content. */
function cacheKey(repository: Repository, digest: Digest): string {
  return `${repositoryKey(repository.name)}@${digest}`;
}
