import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { withoutLogin } from "../oci/login-in-text.ts";
import { type AddressPrefix, parseAddressPrefix } from "./address-prefix.ts";
import type { Credential } from "./credential.ts";

/** Where the login for an address is to be looked for, when it is not given itself. */
type LoginSource =
  /** The program `docker-credential-NAME`. */
  | { readonly kind: "helper"; readonly name: string }
  /** A docker configuration: its content is asked first, then the file, which must exist. */
  | {
      readonly kind: "docker-config";
      readonly content?: string | undefined;
      readonly file?: string | undefined;
    };

/** A login the user gave for an address, before any file is asked. */
export interface ExplicitCredential {
  /** `host[:port]`, optionally with a path: the longest address that covers a repository wins. */
  readonly address: string;
  /**
   * The login, or where it is: a source that has none for the address is an error, because it was named for it.
   * `{ kind: "anonymous" }` disables authentication: nothing else is asked for this address.
   */
  readonly credential: Credential | LoginSource;
  /** How messages name it. @default `the login configured for "ADDRESS"` */
  readonly origin?: string | undefined;
}

/** @throws `config` for an explicit address without a host. */
export function explicitPrefix(address: string): AddressPrefix {
  const prefix = parseAddressPrefix(address);
  if (prefix !== undefined) return prefix;
  throw new ImagesyncError({
    code: "config",
    operation: "read the registry logins",
    message: `Invalid registry address ${quote(withoutLogin(address) ?? address)}: there is no host in it`,
    hint: "Write it as host, host:port or host/namespace, for example ghcr.io/acme",
  });
}

/** The error of a source that was named for an address and has no login for it. */
export function noLoginThere(registry: string, origin: string): ImagesyncError {
  return new ImagesyncError({
    code: "credentials",
    operation: "find credentials",
    registry,
    message: `Cannot log in to ${registry}: there is no login for it in ${origin}`,
    hint: `Run docker login ${registry}, or disable authentication for this address if it needs none`,
  });
}
