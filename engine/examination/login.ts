import type { CredentialChain } from "../credentials/chain.ts";
import type { Credential } from "../credentials/credential.ts";
import { ImagesyncError } from "../errors.ts";
import { chooseMethod } from "../http/authentication-method.ts";
import { parseChallenges } from "../http/challenge.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { pingRegistry, type Transport } from "../registry/registry.ts";
import { harborService } from "../registry/vendors/harbor.ts";
import { vendorOf } from "../registry/vendors/vendor.ts";
import { failed, type Finding, ok, unknown, warning } from "./report.ts";
import type { Greeting } from "./reach.ts";

const howToLogIn = (registry: string): string =>
  `Run docker login ${registry}, give --creds, or write a registry_auth block`;

/** Which family of registries it belongs to, and how that is known. */
export function examineFamily(transport: Transport, registry: string, greeting: Greeting | undefined): Finding {
  const told = transport.family?.(registry).vendor;
  if (told !== undefined) return ok(`${told}, as the settings say`);
  const named = vendorOf(registry);
  if (named !== undefined) return ok(`${named}, by the name of the host`);
  if (serviceOf(registry, greeting) === harborService) return ok("harbor, by what it calls itself");
  if (greeting === undefined) return unknown("not told by the name of the host");
  return unknown(
    "not told by the name of the host: taken for a plain registry of distribution's kind",
    "If it is another one, say which by vendor in its registry block",
  );
}

function serviceOf(registry: string, greeting: Greeting | undefined): string | undefined {
  try {
    const method = chooseMethod(parseChallenges(greeting?.challenge ?? ""), registry);
    return method.kind === "bearer" ? method.service : undefined;
  } catch {
    // What is wrong with the challenge is told where the challenge is looked at.
    return undefined;
  }
}

/** By what scheme it wants a login, and which host gives the tokens. @throws `protocol`, `unauthorized` */
export function examineScheme(registry: string, { status, challenge }: Greeting): Finding {
  if (status !== 401) return ok("none: it answers without a login");
  if (challenge === undefined) {
    return failed(
      "it answers 401 and does not say what login it wants",
      `Ask who runs ${registry}: the WWW-Authenticate header is missing, a proxy may have removed it`,
    );
  }
  const method = chooseMethod(parseChallenges(challenge), registry);
  if (method.kind === "basic") return ok("Basic");
  if (!URL.canParse(method.realm)) {
    return failed("Bearer, but its token server is no URL", `Ask who runs ${registry} to correct the realm`);
  }
  const { host, protocol } = new URL(method.realm);
  const service = method.service === undefined ? "" : `, for the service "${method.service}"`;
  return ok(`Bearer, tokens from ${host}${protocol === "http:" ? " in plain HTTP" : ""}${service}`);
}

const kinds: Readonly<Record<Exclude<Credential["kind"], "anonymous">, string>> = {
  basic: "user name and password",
  "identity-token": "identity token",
  "registry-token": "registry token",
};

/** Which login is used and where it comes from, never what it is. */
export async function examineCredential(
  credentials: CredentialChain,
  { registry, repository }: RepositoryName,
  greeting: Greeting | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  const { credential } = await credentials.find(registry, repository, signal);
  const origin = await credentials.describe(registry, repository, signal);
  if (credential.kind !== "anonymous") return ok(`${kinds[credential.kind]} from ${origin}`);
  const detail = origin === "anonymous" ? "none was found: requests are anonymous" : origin;
  return greeting?.status === 401 ? warning(detail, howToLogIn(registry)) : ok(detail);
}

/** Whether the login is accepted. @throws what stands in the way, where a login is. */
export async function examineLogin(
  transport: Transport,
  credentials: CredentialChain,
  { registry, repository }: RepositoryName,
  greeting: Greeting,
  signal: AbortSignal,
): Promise<Finding> {
  let anonymous: boolean;
  try {
    anonymous = (await credentials.find(registry, repository, signal)).credential.kind === "anonymous";
  } catch {
    // What is wrong with it has been told already.
    return unknown("not tried: the login cannot be used");
  }
  if (greeting.status === 200) {
    return anonymous
      ? ok("none is needed for /v2/")
      : unknown("not tried: /v2/ asks for no login, so what it is worth shows in a repository only");
  }
  try {
    // With a repository in it, it is the login for that repository that is tried.
    const access = repository === "" ? [] : [{ repository, actions: ["pull"] as const }];
    await pingRegistry({ send: (request) => transport.send({ ...request, access }) }, registry, signal);
    return ok(anonymous ? "anonymous requests are let in" : "accepted");
  } catch (error) {
    if (!anonymous || !(error instanceof ImagesyncError) || error.code !== "unauthorized") throw error;
    const bearer = /^\s*bearer\b/i.test(greeting.challenge ?? "");
    // Where there are tokens, public repositories can be open although the registry's own door is not.
    return bearer
      ? unknown("not needed for public repositories, perhaps; /v2/ lets nobody in without one", howToLogIn(registry))
      : failed("it asks for a login, and there is none", howToLogIn(registry));
  }
}
