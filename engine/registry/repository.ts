import type { Side } from "../errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { Blobs } from "./blobs.ts";
import { Manifests } from "./manifests.ts";
import { Referrers } from "./referrers.ts";
import type { Transport } from "./registry.ts";
import { type RepositoryOptions, RepositoryRequests } from "./repository-requests.ts";
import { Tags } from "./tags.ts";
import { Uploads } from "./uploads.ts";
import { RepositoryVendor } from "./vendors/repository-vendor.ts";

/** What a class can do, for another class to do in its place. */
type Methods<Class> = Pick<Class, keyof Class>;

/**
 * A repository: its resources, as the distribution specification names them. It is a registry's, or an OCI image layout
 * that answers in the same way.
 */
export interface Repository {
  readonly name: RepositoryName;
  readonly side?: Side | undefined;
  readonly manifests: Methods<Manifests>;
  readonly blobs: Methods<Blobs>;
  readonly uploads: Methods<Uploads>;
  readonly tags: Methods<Tags>;
  readonly referrers: Methods<Referrers>;
  /** What differs from registry to registry. */
  readonly vendor: Methods<RepositoryVendor>;
  /** The same repository at the mirrors of its registry, in order; only sources have any. */
  readonly mirrors?: readonly MirrorRepository[] | undefined;
}

/** A repository at a mirror. */
export interface MirrorRepository {
  /** Of the mirror, as it was configured. */
  readonly address: string;
  readonly repository: Repository;
}

export function openRepository(transport: Transport, name: RepositoryName, options: RepositoryOptions): Repository {
  const vendor = new RepositoryVendor(transport, name);
  const requests = new RepositoryRequests(transport, name, options, vendor);
  return {
    name,
    side: options.side,
    manifests: new Manifests(requests, vendor),
    blobs: new Blobs(requests),
    uploads: new Uploads(requests),
    tags: new Tags(requests),
    referrers: new Referrers(requests),
    vendor,
    ...(options.purpose === "read" && options.side === "source" ? { mirrors: mirrorsOf(transport, name) } : {}),
  };
}

function mirrorsOf(transport: Transport, { registry, repository }: RepositoryName): readonly MirrorRepository[] {
  const mirrors = transport.mirrorsOf?.(registry) ?? [];
  return mirrors.map(({ address, registry: host, prefix }) => {
    const name = { registry: host, repository: `${prefix}${repository}` };
    // It is to answer itself: what is no end of a copy has no mirrors.
    return { address, repository: openRepository(transport, name, { purpose: "read" }) };
  });
}
