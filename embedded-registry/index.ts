/**
 * A small, strict OCI registry, in memory or on disk. It shares no code with the engine, so that a mistake in the one is
 * not repeated in the other.
 */
export type { Exchange } from "./exchange.ts";
export type { Api, ApiCall, Handling } from "./extension.ts";
export type { Intercept } from "./intercept.ts";
export type { RegistryOptions, TokenAuthOptions } from "./options.ts";
export { jsonReply, type Reply } from "./reply.ts";
export type { RequestRecord } from "./request-log.ts";
export { routeKind } from "./router.ts";
export { startRegistry, type RunningRegistry } from "./server.ts";
export type { Storage } from "./storage.ts";
export { memoryStorage } from "./storage-memory.ts";
