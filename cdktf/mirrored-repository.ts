import { Fn } from "cdktf";
import type { Construct } from "constructs";
import { parseRepository } from "../engine/oci/reference.ts";
import { Repository, type RepositoryConfig } from "./bindings/index.js";
import { placeOf, repositoryBelow } from "./destination.ts";

/** The arguments of the resource `imagesync_repository`; `prefix` may stand for `destination`. */
export interface MirroredRepositoryConfig extends Omit<RepositoryConfig, "destination"> {
  /** The repository to copy to, without a tag. */
  readonly destination?: string;
  /** `host`, `host:port` or `host/path` below which the repository keeps its path. Instead of `destination`. */
  readonly prefix?: string;
}

/** Many tags of a repository that are kept at another registry. */
export class MirroredRepository extends Repository {
  /** @throws when not exactly one of `destination` and `prefix` is given, or no destination can be made of `prefix`. */
  constructor(scope: Construct, id: string, { destination, prefix, ...config }: MirroredRepositoryConfig) {
    const place = placeOf(`Repository "${id}"`, config.source, { destination, prefix }, (start) =>
      repositoryBelow(start, parseRepository(config.source)),
    );
    super(scope, id, { ...config, destination: place });
  }

  /** `repository@digest` of a tag at the destination. Terraform fails when the tag is not among those selected. */
  ref(tag: string): string {
    return this.images.lookup(tag);
  }

  /** `repository@digest` of the highest version. Terraform fails when there is none. */
  get highestRef(): string {
    return Fn.lookup(this.images, this.highest) as string;
  }
}
