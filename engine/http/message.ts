import type { Readable } from "node:stream";

/** What a request wants to do to a repository; becomes the scope of a Bearer token. */
export interface Access {
  /** Path of the repository, such as `library/nginx`. */
  readonly repository: string;
  /** `*` is everything; some registries have no other word for deletes. */
  readonly actions: readonly ("pull" | "push" | "delete" | "*")[];
}

/** A login by user name and password, for an API that is not the registry's. */
export interface Account {
  readonly username: string;
  readonly password: string;
  /** Where it was found, for messages; no secret. */
  readonly origin: string;
}

/** A body that can be opened again for a retry. `bytes` is sent as Content-Length. */
export interface RequestBody {
  readonly bytes: number;
  /** Opens the body anew. A body that can be had only once throws at the second call; then no retry is made. */
  readonly open: () => Uint8Array | AsyncIterable<Uint8Array>;
  /** False when a failure after the first byte cannot be repeated here (a body streamed from another registry). */
  readonly repeatable: boolean;
}

export interface HttpRequest {
  /** A verb phrase for errors and events: "get manifest". */
  readonly operation: string;
  /** Canonical registry, `host[:port]` or `docker.io`: chooses address, credentials, limits. */
  readonly registry: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** A path such as `/v2/r/manifests/t`, or an absolute URL the registry gave (upload Location, next page). */
  readonly url: string;
  readonly access?: readonly Access[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Sent in place of the registry's login, to the host of `url` and no other: vendors' own APIs have logins of their
   * own. It is kept out of everything that is told.
   */
  readonly authorization?: string | undefined;
  /** True when no login is sent, so that what the registry asks for is the answer. @default false */
  readonly bare?: boolean | undefined;
  readonly body?: RequestBody | undefined;
  /**
   * `control`: the answer is read whole before it is returned, 32 MiB at most, within a deadline; a break-off is retried.
   * `blob`: the answer to a successful GET streams, without cap; idle timeouts instead of a deadline.
   */
  readonly kind: "control" | "blob";
  /** True when a mirror of the registry may answer: content that is pulled, not the state of a registry. @default false */
  readonly mirrored?: boolean | undefined;
  /** How often it is sent at most. @default as the client is configured */
  readonly maxAttempts?: number | undefined;
  /**
   * Length of the body that a `blob` GET streams, in bytes. Where it is given, a body that is interrupted goes on by
   * range requests behind the reader's back; without it an interruption is the reader's.
   */
  readonly expectedBytes?: number | undefined;
  /**
   * True when a second sending after a failure would not mean the same: of an upload to its session, which the first
   * has spent. Before such a failure is told, the pause that was due is made. @default false
   */
  readonly once?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; repeated headers joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** Where the answer came from after redirects; relative locations resolve against it. */
  readonly url: string;
  /** How many times the request was sent, redirects and authentication not counted. */
  readonly attempts: number;
  /** A streamed one must be read to its end or destroyed by the caller: until then it holds a connection. */
  readonly body: Readable;
}
