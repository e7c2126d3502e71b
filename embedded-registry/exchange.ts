import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { Grants } from "./auth.ts";
import type { RegistryOptions } from "./options.ts";
import type { Route } from "./router.ts";
import type { Storage } from "./storage.ts";
import type { UploadSessions } from "./upload-sessions.ts";

/** What lives as long as the registry; every resource works on it. */
export interface Registry {
  readonly storage: Storage;
  readonly sessions: UploadSessions;
  readonly options: ResolvedOptions;
}

/** The options that resources look at, with their defaults filled in. */
type ResolvedOptions = Required<
  Pick<
    RegistryOptions,
    | "allowDelete"
    | "tagDelete"
    | "referrersApi"
    | "maxManifestBytes"
    | "maxTagsPerPage"
    | "readOnly"
    | "allowSparseIndex"
    | "verifySizes"
  >
> &
  Pick<RegistryOptions, "auth" | "handling" | "api">;

/** One request on its way to a reply. */
export interface Exchange {
  readonly request: IncomingMessage;
  /** The body of the request, or what a fault lets through of it. */
  readonly body: Readable;
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly grants: Grants;
  /** Counts bytes of the body as they are taken in. */
  readonly onReceived: (bytes: number) => void;
}
