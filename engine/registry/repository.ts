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

/** A repository of a registry: its resources, as the distribution specification names them. */
export interface Repository {
  readonly name: RepositoryName;
  readonly side?: Side | undefined;
  readonly manifests: Manifests;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly tags: Tags;
  readonly referrers: Referrers;
  /** What differs from registry to registry. */
  readonly vendor: RepositoryVendor;
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
  };
}
