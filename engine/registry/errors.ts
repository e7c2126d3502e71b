import { type ErrorCode, ImagesyncError, type Side } from "../errors.ts";
import type { HttpResponse } from "../http/message.ts";
import { parseRateLimit } from "../http/rate-limit.ts";
import { parseRetryAfter } from "../http/retry-after.ts";
import { asObject } from "../oci/descriptor.ts";
import { readBody } from "./body.ts";

/** What a request was about, for the error it may end in. */
export interface Circumstances {
  readonly operation: string;
  readonly registry: string;
  readonly side?: Side | undefined;
  /** The object of the operation, such as a manifest; or the repository at which it was done. */
  readonly reference?: string | undefined;
  /** Whether the reference is where it was done, and not what it was done to. */
  readonly atReference?: boolean | undefined;
}

const maxErrorBytes = 64 * 1024;

interface WireError {
  readonly code: string;
  readonly message: string;
}

/**
 * Turns an answer that is not what was asked for into an error: by status first, because bodies may be HTML, empty or
 * lies; the registry's own code and message refine it. Reads and closes the body.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export async function refusal(response: HttpResponse, about: Circumstances): Promise<ImagesyncError> {
  const wire = await readWireErrors(response);
  const first = wire[0];
  const code = classify(response.status, wire);
  const said = first ? `${first.code}${first.message === "" ? "" : `: ${first.message}`}` : "";
  const object = about.reference === undefined ? "" : ` ${about.atReference === true ? "at " : ""}${about.reference}`;
  return new ImagesyncError({
    code,
    operation: about.operation,
    message: `Cannot ${about.operation}${object}: ${about.registry} answered ${response.status}${said === "" ? "" : ` (${said})`}`,
    side: about.side,
    reference: about.reference,
    registry: about.registry,
    status: response.status,
    registryCode: first?.code,
    attempts: response.attempts,
    hint: [hintFor(code, about), patience(response)].filter((part) => part !== undefined).join(". ") || undefined,
  });
}

/**
 * Answers whose meaning no words refine: a name that is not known may contain any of them, and Google calls its rate
 * limit a quota.
 */
const unmistakable: ReadonlySet<number> = new Set([401, 404, 410, 429]);

function classify(status: number, wire: readonly WireError[]): ErrorCode {
  const codes = new Set(wire.map((error) => error.code));
  const words = wire.map((error) => `${error.code} ${error.message}`.toLowerCase()).join(" ");
  if (!unmistakable.has(status) && status < 500) {
    if (/immutable|imagetagalreadyexists/.test(words)) return "immutable";
    if (/quota/.test(words)) return "quota";
  }
  if (status === 507) return "quota";
  switch (status) {
    case 401:
      return "unauthorized";
    case 403:
      return "denied";
    case 404:
    case 410:
      return "not-found";
    case 405:
    case 501:
      return "unsupported";
    case 409:
    case 412:
      return "conflict";
    case 413:
      return "limit";
    case 429:
      return "rate-limited";
    case 408:
    case 499:
    case 504:
      return status === 408 ? "timeout" : "unavailable";
    default:
  }
  if (status >= 500) return "unavailable";
  // zot answers 400 for a repository that does not exist.
  if (status === 400 && codes.has("NAME_UNKNOWN")) return "not-found";
  if (codes.has("UNSUPPORTED")) return "unsupported";
  if (codes.has("DENIED")) return "denied";
  if (codes.has("UNAUTHORIZED")) return "unauthorized";
  if (codes.has("TOOMANYREQUESTS")) return "rate-limited";
  if (codes.has("MANIFEST_BLOB_UNKNOWN")) return "manifest-invalid";
  if (codes.has("MANIFEST_INVALID")) return "manifest-invalid";
  if (codes.has("DIGEST_INVALID")) return "digest-mismatch";
  if (codes.has("SIZE_INVALID")) return "size-mismatch";
  return "protocol";
}

/** The `errors` of the body, cleaned of control characters; empty for anything that is not the documented JSON. */
async function readWireErrors(response: HttpResponse): Promise<WireError[]> {
  let text: string;
  try {
    text = new TextDecoder().decode(await readBody(response, maxErrorBytes, "truncate"));
  } catch {
    // The status is known and decides; a body that breaks off adds nothing.
    return [];
  }
  try {
    const list = asObject(JSON.parse(text))?.["errors"];
    if (!Array.isArray(list)) return [];
    return list.slice(0, 5).map((item) => {
      const fields = asObject(item);
      return { code: clean(fields?.["code"], 60), message: clean(fields?.["message"], 300) };
    });
  } catch {
    return [];
  }
}

function clean(value: unknown, limit: number): string {
  if (typeof value !== "string") return "";
  // Keeps a registry from writing terminal sequences or secrets of signed addresses into our messages.
  const printable = value.replace(/\p{Cc}+/gu, " ").replace(/(https?:\/\/[^\s?]+)\?\S+/g, "$1?…");
  return printable.length > limit ? `${printable.slice(0, limit)}…` : printable.trim();
}

/** What the answer says of when it is worth to try again. */
function patience({ status, headers }: HttpResponse): string | undefined {
  if (status !== 429 && status !== 503) return undefined;
  const askedMs = parseRetryAfter(headers.get("retry-after"), Date.now());
  const rate = parseRateLimit(headers, Date.now());
  const parts = [
    rate === undefined ? undefined : `${rate.remaining} of ${rate.limit} requests are left`,
    askedMs === undefined ? undefined : `it may be asked again at ${new Date(Date.now() + askedMs).toISOString()}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : `By its answer ${parts.join(", and ")}`;
}

function hintFor(code: ErrorCode, about: Circumstances): string | undefined {
  switch (code) {
    case "unauthorized":
      return `Log in to ${about.registry}, or correct the login that it is given: imagesync doctor tells where that comes from`;
    case "denied":
      return `The account used for ${about.registry} lacks the permission; give it ${about.side === "destination" ? "push" : "pull"} access to the repository`;
    case "not-found":
      if (about.side !== "source") return undefined;
      return `Check the spelling of the ${about.operation === "list tags" ? "repository" : "source and its tag (latest where it names none)"}; private repositories also answer so without a login`;
    case "rate-limited":
      return `${about.registry} limits how often it may be asked; wait, or log in for a higher limit`;
    case "limit":
      return `Raise the limit on the size of requests at ${about.registry}, or at the proxy before it (nginx: client_max_body_size)`;
    case "quota":
      return `Free space or raise the quota at ${about.registry}`;
    case "immutable":
      return "The registry forbids to overwrite this tag; choose another tag or relax the rule there";
    case "unavailable":
    case "timeout":
      return `${about.registry} has a problem; try again later`;
    case "unsupported":
      return `${about.registry} does not offer this; imagesync doctor tells what it does`;
    case "protocol":
      return "Check that the address is a registry's and no proxy answers in its place";
    default:
      return undefined;
  }
}
