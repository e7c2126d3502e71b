import { ImagesyncError } from "../errors.ts";
import type { ManifestHead } from "../registry/manifests.ts";
import type { Repository } from "../registry/repository.ts";

/** So many tags that are not there, and none that is, make a destination look new. */
const enoughMissing = 8;

/**
 * What tags hold at a destination. Each is asked for, until the destination looks new: then its list tells, and only
 * what that has is asked for. So filling a repository costs one list instead of a request for each tag, and one that
 * is in place is never listed. Some registries' lists lag behind: not for where a tag may not be overwritten.
 */
export class DestinationTags {
  readonly #repository: Repository;
  #missing = 0;
  #anyThere = false;
  #listed: Promise<ReadonlySet<string> | undefined> | undefined;

  /** @param existing every tag of the destination, where it was listed already. */
  constructor(repository: Repository, existing?: readonly string[]) {
    this.#repository = repository;
    if (existing !== undefined) this.#listed = Promise.resolve(new Set(existing));
  }

  /** What the tag holds; undefined when it is not there. @throws what keeps the registry from telling. */
  async find(tag: string, options: { readonly signal?: AbortSignal | undefined }): Promise<ManifestHead | undefined> {
    if (!this.#anyThere && this.#missing >= enoughMissing) this.#listed ??= this.#list(options);
    const listed = await this.#listed;
    if (listed !== undefined && !listed.has(tag)) return undefined;
    const found = await this.#repository.manifests.find(tag, options);
    if (found === undefined) this.#missing += 1;
    else this.#anyThere = true;
    return found;
  }

  /** One page, as more would cost more than it saves; undefined when there is no such list to be had. */
  async #list(options: { readonly signal?: AbortSignal | undefined }): Promise<ReadonlySet<string> | undefined> {
    try {
      return new Set(await this.#repository.tags.list({ ...options, maxPages: 1 }));
    } catch (error) {
      options.signal?.throwIfAborted();
      // Only this says that there are no tags. Of what else keeps from listing, each tag that is asked for tells.
      return error instanceof ImagesyncError && error.registryCode === "NAME_UNKNOWN" ? new Set() : undefined;
    }
  }
}
