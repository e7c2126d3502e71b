import type { AccessAction } from "./auth.ts";
import type { Api, Handling } from "./extension.ts";
import type { Intercept } from "./intercept.ts";
import type { RequestRecord } from "./request-log.ts";
import type { RouteKind } from "./router.ts";
import type { Storage } from "./storage.ts";

/** Who may do what: `user` is undefined for an anonymous client. */
type AccessRule = (user: string | undefined, repository: string, action: AccessAction) => boolean;

/** Every request carries user and password. */
export interface BasicAuthOptions {
  readonly kind: "basic";
  /** User name → password. */
  readonly users: Readonly<Record<string, string>>;
  /** Default: a user may do everything. */
  readonly allow?: AccessRule;
}

/** Requests carry a token from the registry's own `/token` endpoint, limited to repositories and actions. */
export interface TokenAuthOptions {
  readonly kind: "token";
  /** User name → password. */
  readonly users: Readonly<Record<string, string>>;
  /** Whether a client without credentials gets tokens for pulling. Default false. */
  readonly anonymousPull?: boolean;
  /** Default 300. */
  readonly lifetimeSeconds?: number;
  /** Default: a user may do everything, an anonymous client what `anonymousPull` says. */
  readonly allow?: AccessRule;
  /** Address of a token endpoint elsewhere, put into challenges instead of our own; its tokens are not understood here. */
  readonly realm?: string;
  /** Where our own token endpoint is. Default `/token`. */
  readonly path?: string;
  /** What challenges call the service. Default the host that the client asked. */
  readonly service?: string;
  /** Actions that a scope may name; a request for a token with another one is refused with 400. Default any. */
  readonly scopeActions?: readonly string[];
  /** What a request needs; undefined for the usual: reads pull, deletes delete, all others pull and push. */
  readonly requires?: (method: string, kind: RouteKind) => readonly AccessAction[] | undefined;
}

/** How a registry is started; everything has a default. */
export interface RegistryOptions {
  /** Where images are kept; in memory when absent. A storage of one's own can be looked into and shared. */
  readonly storage?: { readonly directory: string } | Storage;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** PEM texts; plain HTTP when absent. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Everybody may do everything when absent. */
  readonly auth?: BasicAuthOptions | TokenAuthOptions;
  /** Whether manifests and blobs can be deleted by digest. Default true. */
  readonly allowDelete?: boolean;
  /** Whether a single tag can be deleted, which older registries cannot. Default true. */
  readonly tagDelete?: boolean;
  /** Whether the referrers API exists. Default true. */
  readonly referrersApi?: boolean;
  /** Default 4 MiB. */
  readonly maxManifestBytes?: number;
  /** Longest page of a tag list. Default 1000. */
  readonly maxTagsPerPage?: number;
  /** Refuses everything that writes. Default false. */
  readonly readOnly?: boolean;
  /** Whether an index may name manifests that the repository does not have. Default false. */
  readonly allowSparseIndex?: boolean;
  /** Whether a manifest is refused when it states a wrong size for its content. Default true. */
  readonly verifySizes?: boolean;
  /** Called when a request has been answered, or has failed. */
  readonly onRequest?: (record: RequestRecord) => void;
  /** Changes what requests come to. */
  readonly handling?: Handling;
  /** Answers addresses that the protocol does not have. */
  readonly api?: Api;
  /** Injects faults; can be changed on the running registry. */
  readonly intercept?: Intercept;
}
