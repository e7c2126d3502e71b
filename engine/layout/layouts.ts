import type { Side } from "../errors.ts";
import type { Reference, RepositoryName } from "../oci/reference.ts";
import { DirectoryStorage } from "./directory.ts";
import { type LayoutRepository, openLayout } from "./repository.ts";
import type { Storage } from "./storage.ts";

/** The layouts that an engine works with; what is known of their files lives as long as it. */
export class Layouts {
  readonly #directories = new Map<string, DirectoryStorage>();

  /** The layout of a name for which `isLayoutKind` is true. */
  open(name: RepositoryName & Partial<Reference>, side?: Side): LayoutRepository {
    const { tag, digest } = name;
    return openLayout({
      name: { registry: name.registry, repository: name.repository },
      side,
      storage: this.#storage(name),
      nameless: side !== "destination" && tag === undefined && digest === undefined,
      root: tag === undefined ? digest : undefined,
    });
  }

  #storage({ repository }: RepositoryName): Storage {
    const known = this.#directories.get(repository) ?? new DirectoryStorage(repository);
    this.#directories.set(repository, known);
    return known;
  }
}
