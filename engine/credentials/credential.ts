/** A login for a registry, or the decision to have none. */
export type Credential =
  | { readonly kind: "anonymous" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged at the token endpoint. */
  | { readonly kind: "identity-token"; readonly token: string }
  /** A Bearer token for the registry itself, sent as it is. */
  | { readonly kind: "registry-token"; readonly token: string };

/** A credential and where it was found, for messages; `origin` never holds a secret. */
export interface FoundCredential {
  readonly credential: Credential;
  readonly origin: string;
}
