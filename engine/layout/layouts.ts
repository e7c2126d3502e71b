import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { type ImagesyncError, type Side, stopped, toImagesyncError } from "../errors.ts";
import type { Reference, RepositoryName } from "../oci/reference.ts";
import { ArchiveStorage } from "./archive.ts";
import { ArchiveWriting } from "./archive-writing.ts";
import { DirectoryStorage } from "./directory.ts";
import type { Layout, Options } from "./layout.ts";
import { type LayoutRepository, openLayout } from "./repository.ts";
import type { Storage } from "./storage.ts";

/** Archives that this process writes, also by several engines. */
const writing = new KeyedLock();

/** How a piece of work that writes into archives has ended. */
export interface Written<T> {
  readonly result: T;
  /** Archive → why nothing of it was written. */
  readonly failures: ReadonlyMap<string, ImagesyncError>;
}

/** The layouts that an engine works with; what is known of their files lives as long as it. */
export class Layouts {
  readonly #directories = new Map<string, DirectoryStorage>();
  readonly #archives = new Map<string, ArchiveStorage>();
  /** By layout: asked for each image, and in a layout with many each would look at all. */
  readonly #subjects = new Map<string, Layout["subjects"]>();
  /** The archives that are being written, or why they cannot be. */
  readonly #written = new Map<string, ArchiveWriting | ImagesyncError>();

  /** The layout of a name for which `isLayoutKind` is true. @throws why an archive cannot be written */
  open(name: RepositoryName & Partial<Reference>, side?: Side): LayoutRepository {
    const { tag, digest } = name;
    const key = `${name.registry}${name.repository}`;
    const subjects: Layout["subjects"] = this.#subjects.get(key) ?? new Map();
    this.#subjects.set(key, subjects);
    return openLayout({
      name: { registry: name.registry, repository: name.repository },
      side,
      storage: this.#storage(name, side),
      nameless: side !== "destination" && tag === undefined && digest === undefined,
      subjects,
      root: tag === undefined ? digest : undefined,
    });
  }

  /**
   * Runs work that may write to these places. What it puts into archives is in them when this returns, each archive as
   * a whole; after a stop, or when one cannot be written, it is as it was, and `failures` says why.
   * @param isComplete whether nothing is to be brought again; else what did not get into an archive is kept beside it.
   */
  async writing<T>(
    places: readonly RepositoryName[],
    work: () => Promise<T>,
    isComplete: (result: T) => boolean,
    options: Options = {},
  ): Promise<Written<T>> {
    const archives = places.filter(({ registry }) => registry === "oci-archive:").map(({ repository }) => repository);
    const failures = new Map<string, ImagesyncError>();
    // In one order everywhere, so that no two wait for each other.
    const result = await this.#writeAll([...new Set(archives)].sort(), work, isComplete, failures, options);
    return { result, failures };
  }

  async #writeAll<T>(
    [path, ...others]: readonly string[],
    work: () => Promise<T>,
    isComplete: (result: T) => boolean,
    failures: Map<string, ImagesyncError>,
    options: Options,
  ): Promise<T> {
    if (path === undefined) return await work();
    const rest = async (): Promise<T> => await this.#writeAll(others, work, isComplete, failures, options);
    let isTurn = false;
    const inTurn = async (): Promise<T> => {
      isTurn = true;
      return await this.#writeOne(path, rest, isComplete, failures, options);
    };
    try {
      return await writing.exclusive(path, inTurn, options.signal);
    } catch (error) {
      if (isTurn || options.signal?.aborted !== true) throw error;
      // Stopped before its turn: the work says so itself, of each of its parts.
      this.#failed(path, error, failures, options);
      return await rest();
    }
  }

  async #writeOne<T>(
    path: string,
    work: () => Promise<T>,
    isComplete: (result: T) => boolean,
    failures: Map<string, ImagesyncError>,
    options: Options,
  ): Promise<T> {
    let archive: ArchiveWriting;
    try {
      archive = await ArchiveWriting.begin(this.#archive(path));
    } catch (error) {
      this.#written.set(path, this.#failed(path, error, failures, options));
      try {
        return await work();
      } finally {
        this.#written.delete(path);
      }
    }
    this.#written.set(path, archive);
    let uncommitted: "keep" | "remove" = "keep";
    try {
      const result = await work();
      try {
        options.signal?.throwIfAborted();
        await archive.commit(options);
        if (isComplete(result)) uncommitted = "remove";
      } catch (error) {
        this.#failed(path, error, failures, options);
      }
      return result;
    } finally {
      this.#written.delete(path);
      await archive.end(uncommitted);
    }
  }

  #failed(path: string, error: unknown, failures: Map<string, ImagesyncError>, { signal }: Options): ImagesyncError {
    const operation = "write the archive";
    const failure = signal?.aborted === true ? stopped(operation, signal.reason) : toImagesyncError(error, operation);
    const located = failure.with({ side: "destination", registry: "oci-archive:" });
    failures.set(path, located);
    return located;
  }

  #storage({ registry, repository }: RepositoryName, side: Side | undefined): Storage {
    if (registry === "oci-archive:") {
      const written = this.#written.get(repository);
      if (written instanceof ArchiveWriting) return written;
      // A source can be read all the same.
      if (written !== undefined && side === "destination") throw written;
      return this.#archive(repository);
    }
    const known = this.#directories.get(repository) ?? new DirectoryStorage(repository);
    this.#directories.set(repository, known);
    return known;
  }

  #archive(path: string): ArchiveStorage {
    const known = this.#archives.get(path) ?? new ArchiveStorage(path);
    this.#archives.set(path, known);
    return known;
  }
}
