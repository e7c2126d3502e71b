import { ImagesyncError, isUnreachable } from "../errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { MirrorRepository, Repository } from "../registry/repository.ts";
import type { Companion, CompanionsFound } from "./companions.ts";
import { repositoryKey } from "./known.ts";

/** A registry that could not be reached is left alone for so long: each image would wait for all tries anew. */
const lostMs = 60_000;

/** Finds what belongs to the manifests in question, at one place. */
export type FindAt = (repository: Repository) => Promise<CompanionsFound>;

/**
 * What belongs to an image is asked of its registry, as a mirror may have less, or older lists. A registry that cannot be
 * reached tells nothing, so then its mirrors are asked, all of them, and it is said where was looked: nothing is missed in
 * silence. Everything that they list is fetched by its digest.
 */
export class CompanionsAtMirrors {
  readonly #lost = new Map<string, { readonly at: number; readonly error: ImagesyncError }>();

  /**
   * What is found at a repository, or at its mirrors while it cannot be reached.
   * @throws what the repository's registry says, when no mirror answers either.
   */
  async find(repository: Repository, findAt: FindAt, signal: AbortSignal | undefined): Promise<CompanionsFound> {
    const { mirrors = [], name } = repository;
    let error = mirrors.length === 0 ? undefined : this.#lostOf(name);
    if (error === undefined) {
      try {
        return await findAt(repository);
      } catch (thrown) {
        signal?.throwIfAborted();
        if (mirrors.length === 0 || !isUnreachable(thrown)) throw thrown;
        error = this.#lose(name, thrown);
      }
    }
    return await findAtMirrors(mirrors, { name, error, findAt, signal });
  }

  #lostOf(name: RepositoryName): ImagesyncError | undefined {
    const keys = [name.registry, repositoryKey(name)];
    return keys.map((key) => this.#lost.get(key)).find((one) => one !== undefined && Date.now() - one.at < lostMs)
      ?.error;
  }

  /** What many meet at the same time is told once, in the words of the first. */
  #lose(name: RepositoryName, error: ImagesyncError): ImagesyncError {
    const before = this.#lostOf(name);
    if (before !== undefined) return before;
    // An answer such as 500 can be due to the one repository; that no answer comes is not.
    const isAnswer = error.status !== undefined && error.code !== "rate-limited";
    this.#lost.set(isAnswer ? repositoryKey(name) : name.registry, { at: Date.now(), error });
    return error;
  }
}

interface Question {
  readonly name: RepositoryName;
  /** Why the registry itself has not told. */
  readonly error: ImagesyncError;
  readonly findAt: FindAt;
  readonly signal: AbortSignal | undefined;
}

async function findAtMirrors(
  mirrors: readonly MirrorRepository[],
  { name, error, findAt, signal }: Question,
): Promise<CompanionsFound> {
  const answers = await Promise.all(
    mirrors.map(async ({ address, repository }) => {
      try {
        return { address, found: await findAt(repository) };
      } catch (thrown) {
        signal?.throwIfAborted();
        if (!(thrown instanceof ImagesyncError)) throw thrown;
        return { address, why: thrown.message };
      }
    }),
  );
  const told = answers.flatMap(({ address, found }) => (found === undefined ? [] : [{ address, found }]));
  const silent = answers.filter(({ found }) => found === undefined);
  if (told.length === 0) {
    const reasons = silent.map(({ address, why }) => `${address} (${why})`).join(", ");
    throw error.hinting(
      `What belongs to an image is asked of its registry, and of mirrors when that cannot be reached; these do not tell either: ${reasons}. Try again later, or copy the image without its referrers`,
    );
  }
  // The same tag at several mirrors means what the first of them says, as it does for images.
  const companions = new Map<string, Companion>();
  for (const companion of told.flatMap(({ found }) => found.companions)) {
    const key = companion.tag ?? `${companion.subject} ${companion.digest}`;
    if (!companions.has(key)) companions.set(key, companion);
  }
  const places = told.map(({ address }) => address).join(", ");
  return {
    companions: [...companions.values()],
    warnings: [
      `What belongs to images of ${name.registry}/${name.repository} was looked for at mirrors only (${places}), which may have less of it: ${error.message}`,
      ...silent.map(({ address, why }) => `The mirror ${address} does not tell what belongs to images: ${why}`),
      ...told.flatMap(({ found }) => found.warnings),
    ],
  };
}
