/**
 * A small, strict OCI registry, in memory or on disk. It shares no code with the engine, so that a mistake in the one is
 * not repeated in the other.
 */
export type { Intercept } from "./intercept.ts";
export type { RegistryOptions, TokenAuthOptions } from "./options.ts";
export type { RequestRecord } from "./request-log.ts";
export { routeKind } from "./router.ts";
export { startRegistry, type RunningRegistry } from "./server.ts";
