import { type ErrorCode, ImagesyncError } from "../../errors.ts";
import type { Access, HttpRequest } from "../../http/message.ts";
import { asObject } from "../../oci/descriptor.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import { readBody } from "../body.ts";
import type { Transport } from "../registry.ts";

/** Far more than any answer of these APIs; the largest are pages of 100 versions. */
const maxAnswerBytes = 8 * 1024 * 1024;

export interface ApiRequest {
  readonly operation: string;
  readonly method: HttpRequest["method"];
  /** Behind the address of the API, starting with a slash. */
  readonly path: string;
  /** In place of the registry's own login. */
  readonly authorization?: string | undefined;
  /** For an API that takes the registry's own login. */
  readonly access?: readonly Access[] | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON, and once only: it may hold a password, which no redirect may lead elsewhere. */
  readonly json?: unknown;
  readonly signal?: AbortSignal | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** The parsed body; undefined when it is no JSON: then somebody else has answered. */
  readonly json: unknown;
  /** The body as it came. */
  readonly text: string;
}

/** What a failure was about. */
interface Failure {
  /** What was tried, for people: "delete tag". */
  readonly operation: string;
  readonly object: string;
  /** What the account needs to be allowed to do it. */
  readonly permission: string;
}

/** Requests to the own API of a registry's vendor, for one repository. */
export class ApiRequests {
  readonly name: RepositoryName;
  readonly transport: Transport;
  /** Empty for an API at the registry's own address. */
  readonly #base: string;

  /** @param address of the API; absent when it is at the registry's own. */
  constructor(transport: Transport, name: RepositoryName, address: string | undefined) {
    this.transport = transport;
    this.name = name;
    this.#base = (address ?? "").replace(/\/+$/, "");
  }

  /** Where the API is, as a key of what is known of it. */
  get place(): string {
    return this.#base === "" ? this.name.registry : this.#base;
  }

  async send(request: ApiRequest): Promise<ApiAnswer> {
    const { json, path, headers, ...rest } = request;
    const bytes = json === undefined ? undefined : new TextEncoder().encode(JSON.stringify(json));
    const response = await this.transport.send({
      ...rest,
      registry: this.name.registry,
      url: this.#base + path,
      headers: { accept: "application/json", ...headers, ...(bytes && { "content-type": "application/json" }) },
      body: bytes && { bytes: bytes.byteLength, open: () => bytes, repeatable: false },
      kind: "control",
    });
    const text = new TextDecoder().decode(await readBody(response, maxAnswerBytes, "truncate"));
    return { status: response.status, headers: response.headers, json: parse(text), text };
  }

  /** The error of an answer that is neither what was asked for nor "not found". */
  failure(answer: ApiAnswer, { operation, object, permission }: Failure): ImagesyncError {
    const { registry, repository } = this.name;
    const { code, message } = complaintOf(answer.json);
    const words = [code, message].filter((part) => part !== undefined).join(": ");
    // Some repeat what they were sent.
    const said = this.transport.redactor?.redact(words) ?? words;
    const kind = classify(answer, said);
    return new ImagesyncError({
      code: kind,
      operation,
      side: "destination",
      registry,
      reference: `${registry}/${repository}${object}`,
      status: answer.status,
      registryCode: code,
      message: `Cannot ${operation} ${registry}/${repository}${object}: the API of the registry answered ${answer.status}${said === "" ? "" : ` (${said})`}`,
      hint: hintFor(kind, registry, permission),
    });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // An empty body or a page for people: the status is all there is.
    return undefined;
  }
}

function classify({ status, headers }: ApiAnswer, said: string): ErrorCode {
  // GitHub answers 403 to who has asked too often, and says in one of two ways that it is about that.
  const tooOften = headers.get("x-ratelimit-remaining") === "0" || headers.has("retry-after");
  if (status === 429 || (status === 403 && tooOften)) return "rate-limited";
  if (status === 401) return "unauthorized";
  if (/immutable/i.test(said)) return "immutable";
  switch (status) {
    case 403:
      return "denied";
    case 404:
      return "not-found";
    case 405:
    case 501:
      return "unsupported";
    case 409:
    case 412:
      return "conflict";
    default:
      return status >= 500 ? "unavailable" : "protocol";
  }
}

function hintFor(code: ErrorCode, registry: string, permission: string): string | undefined {
  switch (code) {
    case "unauthorized":
      return `Check the login for ${registry}: ${permission}`;
    case "denied":
      return permission;
    case "immutable":
      return "The registry keeps this tag; relax the rule there to delete it";
    case "rate-limited":
    case "unavailable":
      return "Try again later";
    default:
      return undefined;
  }
}

/** What these APIs say of themselves: one of `errors[]`, `message` and `detail`. */
function complaintOf(json: unknown): { readonly code?: string | undefined; readonly message?: string | undefined } {
  const fields = asObject(json);
  const errors = fields?.["errors"];
  const first = Array.isArray(errors) ? asObject(errors[0]) : undefined;
  return {
    code: clean(first?.["code"], 60),
    message: clean(first?.["message"] ?? fields?.["message"] ?? fields?.["detail"], 300),
  };
}

function clean(value: unknown, limit: number): string | undefined {
  if (typeof value !== "string") return undefined;
  const printable = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
  if (printable === "") return undefined;
  return printable.length > limit ? `${printable.slice(0, limit)}…` : printable;
}
