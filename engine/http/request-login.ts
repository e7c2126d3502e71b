import { isDeepStrictEqual } from "node:util";
import type { CredentialChain } from "../credentials/chain.ts";
import type { Credential, FoundCredential } from "../credentials/credential.ts";

/** The login of one request. One that is refused may be asked for anew once, where it is of a kind that expires. */
export class RequestLogin {
  readonly #credentials: Pick<CredentialChain, "forget">;
  readonly #find: () => Promise<FoundCredential>;
  #found: FoundCredential;
  #renewed = false;

  private constructor(
    found: FoundCredential,
    find: () => Promise<FoundCredential>,
    credentials: Pick<CredentialChain, "forget">,
  ) {
    this.#found = found;
    this.#find = find;
    this.#credentials = credentials;
  }

  /** @throws what `find` does. */
  static async open(
    find: () => Promise<FoundCredential>,
    credentials: Pick<CredentialChain, "forget">,
  ): Promise<RequestLogin> {
    return new RequestLogin(await find(), find, credentials);
  }

  get found(): FoundCredential {
    return this.#found;
  }

  get credential(): Credential {
    return this.#found.credential;
  }

  /** To be called when the login was refused. True if there is another one now. @throws what `find` does. */
  async renew(): Promise<boolean> {
    const refused = this.#found.credential;
    if (!this.#credentials.forget(refused) || this.#renewed) return false;
    this.#renewed = true;
    const found = await this.#find();
    // Who had a login and has none any more is refused, and not let in as nobody.
    if (found.credential.kind === "anonymous" || isDeepStrictEqual(found.credential, refused)) return false;
    this.#found = found;
    return true;
  }
}
