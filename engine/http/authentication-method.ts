import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import type { Challenge } from "./challenge.ts";

/** How the registry wants to be asked. `realm` is as the server wrote it. */
export type AuthenticationMethod =
  | { readonly kind: "basic" }
  | {
      readonly kind: "bearer";
      readonly realm: string;
      readonly service: string | undefined;
      readonly scopes: readonly string[];
      readonly insufficientScope: boolean;
    };

/**
 * Chooses from what is offered: Bearer where it names its token server, else Basic, whatever their order.
 * @throws `unauthorized` when only other schemes are offered, `protocol` for a Bearer challenge without realm.
 */
export function chooseMethod(challenges: readonly Challenge[], registry: string): AuthenticationMethod {
  const bearer = challenges.find((challenge) => challenge.scheme === "bearer" && realmOf(challenge) !== "");
  if (bearer !== undefined) {
    const scope = bearer.parameters.get("scope") ?? "";
    return {
      kind: "bearer",
      realm: realmOf(bearer),
      service: bearer.parameters.get("service"),
      scopes: scope.split(" ").filter((part) => part !== ""),
      insufficientScope: bearer.parameters.get("error") === "insufficient_scope",
    };
  }
  if (challenges.some((challenge) => challenge.scheme === "basic")) return { kind: "basic" };
  if (challenges.some((challenge) => challenge.scheme === "bearer")) {
    throw new ImagesyncError({
      code: "protocol",
      operation: "authenticate",
      registry,
      message: `Cannot authenticate at ${registry}: its Bearer challenge names no realm to get a token from`,
    });
  }
  throw new ImagesyncError({
    code: "unauthorized",
    operation: "authenticate",
    registry,
    message: `Cannot authenticate at ${registry}: it offers only ${challenges.map((challenge) => quote(challenge.scheme)).join(", ") || "nothing"}`,
    hint: "Basic and Bearer authentication are supported",
  });
}

function realmOf(challenge: Challenge): string {
  return challenge.parameters.get("realm") ?? "";
}
