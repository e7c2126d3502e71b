import type { Authority } from "./auth.ts";
import { basicAuthority } from "./auth-basic.ts";
import { tokenAuthority } from "./auth-token.ts";
import type { RegistryOptions } from "./options.ts";

/** The authority for the options; without any, everybody may do everything. */
export function createAuthority(options: RegistryOptions["auth"], scheme: "http" | "https"): Authority {
  if (options === undefined) return { authorize: () => ({ allows: () => true }) };
  return options.kind === "basic" ? basicAuthority(options) : tokenAuthority(options, scheme);
}
