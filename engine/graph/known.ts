import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";

/**
 * What this process has seen at the registries: which repository holds which blob, and whether a registry mounts.
 * It saves requests, never decides that something is absent, and forgets what is deleted.
 */
export class Known {
  /** registry → digest → repositories */
  readonly #blobs = new Map<string, Map<Digest, Set<string>>>();
  readonly #manifests = new Map<string, Set<Digest>>();
  readonly #mounts = new Map<string, boolean>();

  hasBlob(name: RepositoryName, digest: Digest): boolean {
    return this.#blobs.get(name.registry)?.get(digest)?.has(name.repository) ?? false;
  }

  /** Some repository of the registry that holds the blob. */
  repositoryWithBlob(registry: string, digest: Digest): string | undefined {
    const [first] = this.#blobs.get(registry)?.get(digest) ?? [];
    return first;
  }

  addBlob(name: RepositoryName, digest: Digest): void {
    const digests = this.#blobs.get(name.registry) ?? new Map<Digest, Set<string>>();
    this.#blobs.set(name.registry, digests);
    const repositories = digests.get(digest) ?? new Set();
    digests.set(digest, repositories);
    repositories.add(name.repository);
  }

  hasManifest(name: RepositoryName, digest: Digest): boolean {
    return this.#manifests.get(repositoryKey(name))?.has(digest) ?? false;
  }

  addManifest(name: RepositoryName, digest: Digest): void {
    const key = repositoryKey(name);
    const digests = this.#manifests.get(key) ?? new Set();
    this.#manifests.set(key, digests);
    digests.add(digest);
  }

  /** Whether the registry has answered a mount with 201; undefined until it was asked. */
  mounts(registry: string): boolean | undefined {
    return this.#mounts.get(registry);
  }

  learnMounts(registry: string, works: boolean): void {
    if (works || !this.#mounts.has(registry)) this.#mounts.set(registry, works);
  }

  /** After a delete, or when the registry turned out not to have what it had: everything is asked anew. */
  forgetRepository(name: RepositoryName): void {
    this.#manifests.delete(repositoryKey(name));
    const digests = this.#blobs.get(name.registry);
    for (const [digest, repositories] of digests ?? []) {
      repositories.delete(name.repository);
      if (repositories.size === 0) digests?.delete(digest);
    }
  }
}

/** A key for maps and locks. */
export function repositoryKey(name: RepositoryName): string {
  return `${name.registry}/${name.repository}`;
}
