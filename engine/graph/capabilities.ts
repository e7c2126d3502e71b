import type { RepositoryName } from "../oci/reference.ts";
import { repositoryKey } from "./known.ts";

/** What a repository's registry has shown that it does; absent until its answers have told. */
export interface Capability {
  /** `DELETE manifests/<tag>` removes the tag alone. */
  deletesByTag?: boolean;
  /** `DELETE manifests/<digest>` works. */
  deletesByDigest?: boolean;
  deletesBlobs?: boolean;
  /** What a stand-in for a tag needs is in the repository. */
  standInReady?: boolean;
}

/** Learnt from answers and kept for the process: a question whose answer is known is not asked again. */
export class Capabilities {
  readonly #learnt = new Map<string, Capability>();

  /** By repository: a proxy in front of several registries answers for each in its way. The record may be written to. */
  of(name: RepositoryName): Capability {
    const key = repositoryKey(name);
    const learnt = this.#learnt.get(key) ?? {};
    this.#learnt.set(key, learnt);
    return learnt;
  }
}
