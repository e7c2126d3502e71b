import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { type ErrorCode, ImagesyncError, isUnreachable } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { Repository } from "../registry/repository.ts";
import { repositoryKey } from "./known.ts";
import { SharedFailures } from "./shared-failures.ts";

/** So long a registry without the API is not asked again: it may be upgraded while a service runs. */
const withoutApiMs = 5 * 60_000;

const refusals: ReadonlySet<ErrorCode> = new Set(["unauthorized", "denied"]);

/** What is learnt of a repository's API; a proxy in front of several registries answers for each in its way. */
type Api = { readonly exists: true } | { readonly exists: false; readonly at: number };

/** The lists of the referrers API; that a registry has none is asked once for a repository, however many images it has. */
export class ReferrerLists {
  readonly #apis = new Map<string, Api>();
  readonly #asking = new KeyedLock();
  readonly #failures = new SharedFailures();

  /**
   * What refers to a manifest that the repository has; undefined where no such lists are. A refusal counts as that too,
   * and is told to `onRefusal` once.
   */
  async list(
    repository: Repository,
    subject: Digest,
    options: { readonly signal?: AbortSignal | undefined; readonly onRefusal?: (error: ImagesyncError) => void },
  ): Promise<readonly Descriptor[] | undefined> {
    const key = repositoryKey(repository.name);
    const ask = async (): Promise<readonly Descriptor[] | undefined> => {
      const found = await this.#ask(repository, subject, options);
      // Who has listed once and then misses one list has the API all the same.
      if (found !== undefined) this.#apis.set(key, { exists: true });
      else if (this.#known(key) !== true) this.#apis.set(key, { exists: false, at: Date.now() });
      return found;
    };
    if (this.#known(key) === undefined) {
      // Many images are planned at once: the first finds out for all of them.
      const { signal } = options;
      const since = this.#failures.mark();
      const first = await this.#asking.exclusive(
        key,
        async () =>
          this.#known(key) === undefined ? { found: await this.#failures.sharing(key, since, ask, signal) } : undefined,
        signal,
      );
      if (first) return first.found;
    }
    return this.#known(key) === true ? await ask() : undefined;
  }

  /** True when the repository is known to have no such lists. */
  areNone(name: RepositoryName): boolean {
    return this.#known(repositoryKey(name)) === false;
  }

  #known(key: string): boolean | undefined {
    const api = this.#apis.get(key);
    if (api?.exists === false && Date.now() - api.at > withoutApiMs) return undefined;
    return api?.exists;
  }

  async #ask(
    repository: Repository,
    subject: Digest,
    { signal, onRefusal }: Parameters<ReferrerLists["list"]>[2],
  ): Promise<readonly Descriptor[] | undefined> {
    try {
      return await repository.referrers.list(subject, { signal });
    } catch (error) {
      if (!(error instanceof ImagesyncError) || !refusals.has(error.code) || isUnreachable(error)) throw error;
      onRefusal?.(error);
      return undefined;
    }
  }
}
