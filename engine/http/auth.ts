import { SingleFlight } from "../concurrency/single-flight.ts";
import { unlessAborted } from "../concurrency/unless-aborted.ts";
import type { CredentialChain } from "../credentials/chain.ts";
import type { FoundCredential } from "../credentials/credential.ts";
import { ImagesyncError } from "../errors.ts";
import { type AuthenticationMethod, chooseMethod } from "./authentication-method.ts";
import { parseChallenges } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Access, Account } from "./message.ts";
import { resolveLocation } from "./redirect.ts";
import type { Redactor } from "./redact.ts";
import { coversScopes, formatScopes, mergeScopes, parseScopes, type Scopes, scopesFor } from "./scope.ts";
import { RequestLogin } from "./request-login.ts";
import { RefreshTokens } from "./refresh-tokens.ts";
import { basicAuthorization, type FetchedToken, fetchToken, type TokenServerRequest } from "./token.ts";
import { type Token, TokenCache, type TokenIssuer } from "./token-cache.ts";
import type { Exchange, WireRequest, WireResponse } from "./wire.ts";

/** What a registry is known to ask for; `none` means that it has answered without a login. */
type KnownMethod =
  | { readonly kind: "none" }
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: URL; readonly service: string | undefined };

/** How a registry answers those that it hides from the anonymous that something exists, without asking for a login. */
const hidingStatuses: ReadonlySet<number> = new Set([403, 404]);

/** A challenge that was read: the method to remember, and what it says about the request that was refused. */
interface Demand {
  readonly method: KnownMethod;
  readonly scopes: Scopes;
  readonly insufficientScope: boolean;
}

/** Once for a login that is missing or too old, once more for a newer one, or for a scope that only the registry knows of. */
const maxRounds = 2;

export interface AuthenticatorOptions {
  readonly credentials: CredentialChain;
  readonly redactor: Redactor;
  /** Sends to the token server of a registry, on nobody's signal: the token is shared. */
  readonly sendToTokenServer: (endpoint: Endpoint, request: TokenServerRequest) => Promise<WireResponse>;
}

/**
 * Adds the login to requests. There is no ping: the first request to a registry goes out bare, its challenge is
 * remembered for the host, and from then on requests carry their login or token at once.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #methods = new Map<string, KnownMethod>();
  readonly #tokens = new TokenCache();
  readonly #fetching = new SingleFlight<string, Token>();
  readonly #refreshTokens = new RefreshTokens();
  /** Registries that were asked, or are being asked, what login they want. */
  readonly #asked = new Map<string, Promise<void>>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * Sends a request to the registry itself, answering its challenges. Returns a 401 that no login of ours can change;
   * @throws `unauthorized` when the token server refuses the login, `credentials` when there is one that can't be used.
   */
  async send(
    endpoint: Endpoint,
    access: readonly Access[],
    request: WireRequest,
    exchange: Exchange,
  ): Promise<WireResponse> {
    const find = (): Promise<FoundCredential> => this.#find(endpoint, access, request.signal);
    const login = await RequestLogin.open(find, this.#options.credentials);
    let wanted = scopesFor(access);
    if (request.body?.repeatable === false && !this.#methods.has(endpoint.registry)) {
      await this.#probe(endpoint, request, exchange);
    }
    const atHand = this.#atHand(endpoint, login.found, wanted);
    let sent =
      atHand === undefined ? await this.#renewedAuthorization(endpoint, login, wanted, request) : atHand.authorization;
    for (let round = 0; ; round += 1) {
      const response = await exchange(withAuthorization(request, sent));
      if (!endpoint.owns(response.url)) return response;
      if (response.status < 400 && sent === undefined) this.#rememberOpen(endpoint);
      const demand = this.#demand(endpoint, request, response, login.found);
      if (demand === undefined) {
        if (!isDecisive(request, access) || !this.#mayHide(endpoint, response, sent, login.found)) return response;
        await this.#ask(endpoint, request, exchange);
        const next = await this.#renewedAuthorization(endpoint, login, wanted, request);
        if (next === undefined) return response;
        response.body.destroy();
        request.body?.abandon();
        sent = next;
        continue;
      }
      // A refused token is of no more use to anybody, also when this request cannot be sent again.
      if (sent?.startsWith("Bearer ") === true) this.#tokens.drop(sent.slice("Bearer ".length));
      const isLast = round === maxRounds || request.body?.taken === true;
      const isRefused = sent?.startsWith("Basic ") === true && response.status === 401;
      if (isRefused && isLast) this.#options.credentials.forget(login.credential);
      if (isLast) return response;
      const adds = !coversScopes(wanted, demand.scopes) && demand.insufficientScope;
      if (!(isRefused && (await login.renew())) && round > 0 && !adds) return response;
      this.#methods.set(endpoint.registry, demand.method);
      wanted = mergeScopes(demand.scopes, wanted);
      const next = await this.#renewedAuthorization(endpoint, login, wanted, request);
      if (next === undefined || next === sent) return response;
      response.body.destroy();
      request.body?.abandon();
      sent = next;
    }
  }

  /** User name and password of the login for a repository; undefined when it is none, or a token for this purpose only. */
  async account(endpoint: Endpoint, repository: string, signal: AbortSignal): Promise<Account | undefined> {
    const { credential, origin } = await this.#find(endpoint, [{ repository, actions: [] }], signal);
    if (credential.kind !== "basic") return undefined;
    return { username: credential.username, password: credential.password, origin };
  }

  /** What the registry called itself when it asked for a token; undefined before it has, or when it does not. */
  serviceOf(registry: string): string | undefined {
    const method = this.#methods.get(registry);
    return method?.kind === "bearer" ? method.service : undefined;
  }

  async #find(endpoint: Endpoint, access: readonly Access[], signal: AbortSignal): Promise<FoundCredential> {
    const found = await this.#options.credentials.find(endpoint.registry, access[0]?.repository ?? "", signal);
    const { credential } = found;
    const { redactor } = this.#options;
    if (credential.kind === "basic") {
      redactor.registerSecret(credential.password);
      redactor.registerSecret(basicAuthorization(credential.username, credential.password).slice("Basic ".length));
    } else if (credential.kind !== "anonymous") {
      redactor.registerSecret(credential.token);
    }
    return found;
  }

  /**
   * Some registries do not ask the anonymous for a login, but hide from them that there is something. Where there is a
   * login, and nothing was ever had without one, such an answer proves nothing.
   */
  #mayHide(
    endpoint: Endpoint,
    response: WireResponse,
    sent: string | undefined,
    { credential }: FoundCredential,
  ): boolean {
    if (sent !== undefined || credential.kind === "anonymous" || !hidingStatuses.has(response.status)) return false;
    return this.#methods.get(endpoint.registry)?.kind !== "none";
  }

  /** Asks a registry what login it wants, if nothing is known of it: once, however many want to know. */
  async #ask(endpoint: Endpoint, request: WireRequest, exchange: Exchange): Promise<void> {
    const { registry } = endpoint;
    for (let asking = this.#asked.get(registry); asking !== undefined; asking = this.#asked.get(registry)) {
      try {
        await unlessAborted(asking, request.signal);
        return;
      } catch {
        // Who has asked was stopped, or got no answer; then this one asks.
        request.signal.throwIfAborted();
      }
    }
    if (this.#methods.has(registry)) return;
    const asking = this.#probe(endpoint, request, exchange);
    this.#asked.set(registry, asking);
    try {
      await asking;
    } catch (error) {
      this.#asked.delete(registry);
      throw error;
    }
  }

  /**
   * A body that can be had only once must not be sent to be refused, so where nothing is known of the registry it is
   * asked first. Uploads start with a POST, which has told all; this is for what comes without one.
   */
  async #probe(endpoint: Endpoint, request: WireRequest, exchange: Exchange): Promise<void> {
    const { body: _, ...bodiless } = request;
    const response = await exchange({
      ...bodiless,
      method: "GET",
      url: new URL("/v2/", endpoint.origin),
      streamed: false,
    });
    response.body.destroy();
    if (!endpoint.owns(response.url)) return;
    const demand = this.#demand(endpoint, request, response, undefined);
    if (demand !== undefined) this.#methods.set(endpoint.registry, demand.method);
    else if (response.status < 400) this.#rememberOpen(endpoint);
  }

  #rememberOpen(endpoint: Endpoint): void {
    if (!this.#methods.has(endpoint.registry)) this.#methods.set(endpoint.registry, { kind: "none" });
  }

  /** What the answer asks for; undefined when it asks for no login, or for nothing that we have. */
  #demand(
    endpoint: Endpoint,
    request: WireRequest,
    response: WireResponse,
    found: FoundCredential | undefined,
  ): Demand | undefined {
    const header = response.headers.get("www-authenticate");
    // By RFC 6750 a token that allows too little is a 403; any other 403 is final.
    const tooLittle = response.status === 403 && header?.includes("insufficient_scope") === true;
    if (response.status !== 401 && !tooLittle) return undefined;
    if (header === undefined) {
      // Some registries forget the header; a password can be offered all the same.
      return found?.credential.kind === "basic" ? basicDemand : undefined;
    }
    const method: AuthenticationMethod = chooseMethod(parseChallenges(header), endpoint.registry);
    if (method.kind === "basic") return basicDemand;
    const policy = endpoint.locationPolicy(request.operation, "sends logins");
    return {
      method: { kind: "bearer", realm: resolveLocation(response.url, method.realm, policy), service: method.service },
      scopes: parseScopes(method.scopes),
      insufficientScope: method.insufficientScope,
    };
  }

  /** As `#authorization`; a login that the token server refuses is asked for once more. */
  async #renewedAuthorization(
    endpoint: Endpoint,
    login: RequestLogin,
    wanted: Scopes,
    request: WireRequest,
  ): Promise<string | undefined> {
    try {
      return await this.#authorization(endpoint, login.found, wanted, request);
    } catch (error) {
      const isRefused = error instanceof ImagesyncError && error.code === "unauthorized" && error.status === 401;
      if (!isRefused || !(await login.renew())) throw error;
      return await this.#authorization(endpoint, login.found, wanted, request);
    }
  }

  /** The header for a request by what is known of the registry; undefined when a token is to be fetched for it. */
  #atHand(
    endpoint: Endpoint,
    { credential }: FoundCredential,
    wanted: Scopes,
  ): { readonly authorization: string | undefined } | undefined {
    if (credential.kind === "registry-token") return { authorization: `Bearer ${credential.token}` };
    const method = this.#methods.get(endpoint.registry);
    if (method?.kind === "basic" && credential.kind === "basic") {
      return { authorization: basicAuthorization(credential.username, credential.password) };
    }
    if (method?.kind !== "bearer") return { authorization: undefined };
    const token = this.#tokens.find(issuerOf(method, credential), wanted, Date.now());
    return token && { authorization: `Bearer ${token.value}` };
  }

  /** The header for a request by what is known of the registry, fetching a token if none is at hand. */
  async #authorization(
    endpoint: Endpoint,
    found: FoundCredential,
    wanted: Scopes,
    request: WireRequest,
  ): Promise<string | undefined> {
    const atHand = this.#atHand(endpoint, found, wanted);
    const method = this.#methods.get(endpoint.registry);
    if (atHand !== undefined || method?.kind !== "bearer") return atHand?.authorization;
    const token = await this.#fetch(endpoint, found, issuerOf(method, found.credential), wanted, request);
    return `Bearer ${token.value}`;
  }

  #fetch(
    endpoint: Endpoint,
    found: FoundCredential,
    issuer: TokenIssuer,
    scopes: Scopes,
    request: WireRequest,
  ): Promise<Token> {
    const { realm, service } = issuer;
    const key = JSON.stringify([realm.href, service ?? "", issuer.identity, formatScopes(scopes).toSorted()]);
    const { credential } = found;
    const fetch = async (refreshToken?: string): Promise<FetchedToken> => {
      const question = { registry: endpoint.registry, realm, service, scopes, found, refreshToken };
      const fetched = await fetchToken(question, (message) => this.#options.sendToTokenServer(endpoint, message));
      this.#options.redactor.registerSecret(fetched.value);
      if (fetched.refreshToken !== undefined) this.#options.redactor.registerSecret(fetched.refreshToken);
      this.#tokens.add(issuer, scopes, fetched, Date.now());
      return fetched;
    };
    const token = this.#fetching.run(key, async () => {
      if (credential.kind !== "identity-token") return await fetch();
      const login = JSON.stringify([realm.href, service ?? "", issuer.identity]);
      return await this.#refreshTokens.use(login, credential.token, async (refreshToken) => {
        const fetched = await fetch(refreshToken);
        return { result: fetched, next: fetched.refreshToken };
      });
    });
    return unlessAborted(token, request.signal);
  }
}

/**
 * Whether an answer of "not there" decides something. Who is about to write asks what is there only to save work: the
 * write itself decides, and until then an open registry need not be asked. Before a delete somebody has looked.
 */
function isDecisive({ method, url, body }: WireRequest, access: readonly Access[]): boolean {
  if (!url.pathname.startsWith("/v2/") || method === "DELETE" || body?.taken === true) return false;
  const isRead = method === "GET" || method === "HEAD";
  return !isRead || !access.some(({ actions }) => actions.includes("push") && actions.every((one) => writing.has(one)));
}

/** The actions of who copies something to a repository; who deletes there has more. */
const writing: ReadonlySet<string> = new Set(["pull", "push"]);

/** Who gives tokens for this login. */
function issuerOf(
  { realm, service }: Extract<KnownMethod, { kind: "bearer" }>,
  credential: FoundCredential["credential"],
): TokenIssuer {
  return { realm, service, identity: JSON.stringify(credential) };
}

const basicDemand: Demand = { method: { kind: "basic" }, scopes: new Map(), insufficientScope: false };

function withAuthorization(request: WireRequest, authorization: string | undefined): WireRequest {
  return authorization === undefined ? request : { ...request, headers: { ...request.headers, authorization } };
}
