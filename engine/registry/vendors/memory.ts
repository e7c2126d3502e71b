import { SingleFlight } from "../../concurrency/single-flight.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Transport } from "../registry.ts";
import type { RepositoryCreation } from "./vendor-api.ts";

/** What vendors' APIs have told to one client, kept as long as that lives: repositories are opened for each call. */
export interface VendorMemory {
  /** Account → token of an API with a login of its own. */
  readonly tokens: Map<string, string>;
  /** Logins under way: many deletes at once need one. */
  readonly logins: SingleFlight<string, string>;
  /** Repositories that are being created: the blobs of an image find at the same time that theirs is missing. */
  readonly creations: SingleFlight<string, RepositoryCreation>;
  /** Registries that were recognised by an answer of their API, and those that turned out not to be it. */
  readonly harbors: Map<string, boolean>;
  /** Owner of packages → where its packages are. */
  readonly owners: Map<string, string>;
  /** Package → digest → number of the version, which never changes. */
  readonly versions: Map<string, Map<Digest, number>>;
  /** Region → client of a cloud's SDK. */
  readonly clients: Map<string, unknown>;
}

const memories = new WeakMap<Transport, VendorMemory>();

/** The memory of a client, the same one every time. */
export function memoryOf(transport: Transport): VendorMemory {
  let memory = memories.get(transport);
  if (memory === undefined) {
    memory = {
      tokens: new Map(),
      logins: new SingleFlight(),
      creations: new SingleFlight(),
      harbors: new Map(),
      owners: new Map(),
      versions: new Map(),
      clients: new Map(),
    };
    memories.set(transport, memory);
  }
  return memory;
}
