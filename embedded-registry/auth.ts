import type { IncomingMessage } from "node:http";
import type { Reply } from "./reply.ts";
import type { Route } from "./router.ts";

/**
 * What can be done to a repository, in the words of token scopes. `metadata_read`, listing without pulling, is an action
 * of its own at some registries only.
 */
export type AccessAction = "pull" | "push" | "delete" | "metadata_read";

/** What the sender of a request may do. */
export interface Grants {
  allows(repository: string, action: AccessAction): boolean;
}

/** Decides who may do what. */
export interface Authority {
  /** @throws RegistryError UNAUTHORIZED with a challenge, or DENIED, when the request may not have all its actions. */
  authorize(request: IncomingMessage, route: Route, actions: readonly AccessAction[]): Grants;
  /** Answers the token endpoint; without it there is none. */
  issueToken?(request: IncomingMessage, query: URLSearchParams): Promise<Reply>;
}

/** What a request needs, as the reference implementation asks for it: cancelling an upload needs `delete`. */
export function requiredActions(method: string): readonly AccessAction[] {
  if (method === "GET" || method === "HEAD") return ["pull"];
  return method === "DELETE" ? ["delete"] : ["pull", "push"];
}
