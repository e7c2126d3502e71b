import type { Approach } from "../http/approach.ts";
import type { HttpResponse } from "../http/message.ts";
import { isLoopbackHost } from "../http/no-proxy.ts";
import { discardBody } from "../registry/body.ts";
import { refusal } from "../registry/errors.ts";
import type { Transport } from "../registry/registry.ts";
import { explained } from "./check.ts";
import { failed, type Finding, ok, unknown, warning } from "./report.ts";

/** More of them say nothing more. */
const maxAddresses = 4;

/** A certificate is renewed weeks before its end where somebody looks after it. */
const expiresSoonMs = 7 * 24 * 3600 * 1000;

/** Whether the name of the registry leads somewhere. */
export async function examineName(approach: Approach, signal: AbortSignal): Promise<Finding> {
  const { hostname } = approach.origin;
  const { proxy } = approach;
  if (proxy !== undefined) return unknown(`${hostname} is resolved by the proxy ${proxy}`);
  const addresses = await approach.addresses(signal);
  const shown = addresses.slice(0, maxAddresses).join(", ");
  const more = addresses.length > maxAddresses ? ` and ${addresses.length - maxAddresses} more` : "";
  return ok(addresses[0] === hostname ? `${hostname} is an address` : `${hostname} is at ${shown}${more}`);
}

/** How connections are encrypted, and whose word the registry's certificate is. */
export async function examineEncryption(approach: Approach, nowMs: number, signal: AbortSignal): Promise<Finding> {
  if (approach.origin.protocol === "http:") {
    return isLoopbackHost(approach.origin) ? ok("plain HTTP, as you ask, on this machine") : warning(...plain);
  }
  const { protocol, issuer, validUntilMs, distrust } = await approach.encryption(signal);
  const until = validUntilMs === undefined ? "" : `, valid until ${new Date(validUntilMs).toISOString().slice(0, 10)}`;
  const detail = `${protocol}, certificate signed by ${issuer ?? "nobody it names"}${until}`;
  if (!approach.verifies) return warning(`${detail}, not verified, as you ask`, skipHint);
  if (distrust !== undefined) {
    const { outcome, detail: why, hint } = explained(distrust, "connect by TLS");
    return { outcome, detail: `${why}; ${detail}`, hint };
  }
  if (validUntilMs !== undefined && validUntilMs - nowMs < expiresSoonMs) {
    return warning(detail, "The registry needs a new certificate before that day");
  }
  return ok(detail);
}

const plain = [
  "plain HTTP, as you ask: everybody on the way can read and change what is sent",
  "Give the registry a certificate",
] as const;
const skipHint = "Trust the certificate's authority (--ca-file, ca_certificate) in place of verifying none";

/** What the registry says of itself when nobody logs in. */
export interface Greeting {
  readonly status: number;
  readonly challenge: string | undefined;
}

/**
 * Whether the distribution API answers; how is told to `onGreeting`.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export async function examineApi(
  transport: Transport,
  registry: string,
  onGreeting: (greeting: Greeting) => unknown,
  signal: AbortSignal,
): Promise<Finding> {
  const operation = "reach the registry";
  const request = { operation, registry, method: "GET", url: "/v2/", bare: true, kind: "control", signal } as const;
  const response = await transport.send(request);
  const { status, headers } = response;
  const version = headers.get("docker-distribution-api-version");
  const said = `/v2/ answers ${status}, ${version === undefined ? "without the name of an API" : `API ${version}`}`;
  if ((status === 200 && !isWebPage(response)) || status === 401) {
    discardBody(response);
    onGreeting({ status, challenge: headers.get("www-authenticate") });
    return ok(said);
  }
  if (status === 429) {
    const { message, hint } = await refusal(response, { operation, registry });
    return failed(message, hint ?? "Try again later");
  }
  if (status === 403 || status >= 500) return explained(await refusal(response, { operation, registry }), operation);
  discardBody(response);
  return failed(
    `${said}${isWebPage(response) ? " and with a web page" : ""}: this is no registry`,
    "Check the host and the port, and that no proxy or login page answers in its place",
  );
}

function isWebPage({ headers }: HttpResponse): boolean {
  // distribution 2.8 answers with `{}` as JSON; others with nothing, or text.
  return headers.get("content-type")?.toLowerCase().startsWith("text/html") === true;
}
