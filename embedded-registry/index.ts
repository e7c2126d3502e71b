/**
 * A small, strict OCI registry, in memory or on disk. It shares no code with the engine, so that a mistake in the one is
 * not repeated in the other.
 */
export type { AccessAction } from "./auth.ts";
export type { Fault, Intercept, InterceptedRequest } from "./intercept.ts";
export type { AccessRule, BasicAuthOptions, RegistryOptions, TokenAuthOptions } from "./options.ts";
export type { RequestRecord } from "./request-log.ts";
export { routeKind, type RouteKind } from "./router.ts";
export { startRegistry, type RunningRegistry } from "./server.ts";
