import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { type ErrorCode, ImagesyncError, isUnreachable } from "../errors.ts";
import { attachmentPrefix, fallbackTag } from "../oci/attachment-tag.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import { repositoryKey } from "./known.ts";
import { SharedFailures } from "./shared-failures.ts";

/** For so long a list of tags is good for finding attachments: the images of one run share it. */
const rememberedMs = 60_000;

/** A longer list costs more than asking for the tags of one image by their names. */
const maxPages = 10;

/** What cosign calls its tags. Others are found in a list only. */
const cosignSuffixes: readonly string[] = ["sig", "att", "sbom"];

/** Refusals of a list that say nothing of the tags themselves. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  "not-found",
  "unauthorized",
  "denied",
  "unsupported",
  "protocol",
  "limit",
]);

/** Tags named after a manifest, the fallback tag first. */
export interface Named {
  readonly tags: readonly string[];
  /** By a list of the registry; else these are names that are usual, and need not exist. */
  readonly listed: boolean;
}

interface Remembered {
  readonly at: number;
  /** Undefined when the registry has refused the list. */
  readonly tags: ReadonlySet<string> | undefined;
}

/** Which tags are named after a manifest: one list for all images of a repository, remembered for a minute. */
export class AttachmentTags {
  readonly #lists = new Map<string, Remembered>();
  readonly #reading = new KeyedLock();
  readonly #failures = new SharedFailures();

  /** A list of all tags that was read for another reason. */
  remember(name: RepositoryName, tags: readonly string[]): void {
    this.#lists.set(repositoryKey(name), { at: Date.now(), tags: onlyAttachments(tags) });
  }

  /** After a copy has put tags: the next look asks again. */
  forget(name: RepositoryName): void {
    this.#lists.delete(repositoryKey(name));
  }

  /**
   * The tags named after a manifest; they may be gone by now. Where the list is refused, with `guess` the names that are
   * usual, else none.
   */
  async of(
    repository: Repository,
    subject: Digest,
    { guess, signal }: { readonly guess: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<Named> {
    const tags = await this.#list(repository, signal);
    const prefix = attachmentPrefix(subject);
    const fallback = fallbackTag(subject);
    if (tags !== undefined) {
      return { tags: [...tags].filter((tag) => tag === fallback || tag.startsWith(prefix)).sort(), listed: true };
    }
    const usual = [fallback, ...cosignSuffixes.map((suffix) => `${prefix}${suffix}`)];
    return { tags: guess ? usual : [], listed: false };
  }

  /** True when a list that is remembered has none for any manifest. */
  areNone(name: RepositoryName): boolean {
    return this.#fresh(repositoryKey(name))?.tags?.size === 0;
  }

  async #list(repository: Repository, signal: AbortSignal | undefined): Promise<ReadonlySet<string> | undefined> {
    const key = repositoryKey(repository.name);
    const kept = this.#fresh(key);
    if (kept) return kept.tags;
    const since = this.#failures.mark();
    return await this.#reading.exclusive(
      key,
      async () => {
        const arrived = this.#fresh(key);
        if (arrived) return arrived.tags;
        const tags = await this.#failures.sharing(key, since, () => readList(repository, signal), signal);
        this.#lists.set(key, { at: Date.now(), tags });
        return tags;
      },
      signal,
    );
  }

  #fresh(key: string): Remembered | undefined {
    const kept = this.#lists.get(key);
    return kept !== undefined && Date.now() - kept.at < rememberedMs ? kept : undefined;
  }
}

async function readList(
  repository: Repository,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string> | undefined> {
  try {
    return onlyAttachments(await repository.tags.list({ signal, maxPages }));
  } catch (error) {
    // Who may read an image need not be allowed to list its repository: its own tags are then asked for by name.
    if (error instanceof ImagesyncError && refusals.has(error.code) && !isUnreachable(error)) return undefined;
    throw error;
  }
}

/** Repositories have thousands of tags, and few of this kind. */
function onlyAttachments(tags: readonly string[]): ReadonlySet<string> {
  return new Set(tags.filter((tag) => /^sha(?:256|512)-[0-9a-f]{64}(?:\.|$)/.test(tag)));
}
