import type { Authority } from "./auth.ts";
import { RegistryError } from "./errors.ts";
import { basicLogin, isKnownLogin } from "./login.ts";
import type { BasicAuthOptions } from "./options.ts";

/** Every request must carry the login of a known user. */
export function basicAuthority(options: BasicAuthOptions): Authority {
  return {
    authorize(request, route, actions) {
      const login = basicLogin(request);
      if (login === undefined || !isKnownLogin(options.users, login)) {
        throw new RegistryError("UNAUTHORIZED", "Authentication is required", {
          headers: { "WWW-Authenticate": 'Basic realm="registry"' },
        });
      }
      const grants = {
        allows: (repository: string, action: (typeof actions)[number]) =>
          options.allow?.(login.user, repository, action) ?? true,
      };
      const denied = actions.find((action) => route.repository !== "" && !grants.allows(route.repository, action));
      if (denied !== undefined) throw new RegistryError("DENIED", `The user may not ${denied} here`);
      return grants;
    },
  };
}
