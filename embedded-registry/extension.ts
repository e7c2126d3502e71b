import type { IncomingHttpHeaders } from "node:http";
import type { AccessAction, Grants } from "./auth.ts";
import type { Exchange } from "./exchange.ts";
import type { Reply } from "./reply.ts";

/**
 * Stands around the registry's own handling of a request that was let in: answers in its place, or lets `next` do it and
 * changes what comes of it. What it throws is answered as if the registry had thrown it.
 */
export type Handling = (exchange: Exchange, next: () => Promise<Reply>) => Promise<Reply>;

/** A request to an address of which the registry knows nothing, before authentication. */
export interface ApiCall {
  readonly method: string;
  /** As it was sent, not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The whole body. @throws RegistryError when it is larger than 1 MiB. */
  readonly body: () => Promise<Buffer>;
  /** Asks the registry's own login. @throws RegistryError UNAUTHORIZED or DENIED. */
  readonly authorize: (repository: string, actions: readonly AccessAction[]) => Grants;
}

/** Answers further addresses on the registry's port; undefined where the address is not its own. */
export type Api = (call: ApiCall) => Promise<Reply | undefined>;
