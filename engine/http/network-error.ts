import { type ErrorCode, ImagesyncError, type ErrorFields } from "../errors.ts";

/** What a failed exchange means, before it is decided whether it is tried again. */
export interface NetworkFailure {
  readonly error: ImagesyncError;
  /** True when the same request may succeed a moment later. */
  readonly transient: boolean;
}

interface Meaning {
  readonly code: ErrorCode;
  readonly transient: boolean;
  readonly what: string;
  readonly hint?: string;
}

const plainHttpHint = "If this registry speaks plain HTTP, set plain_http (--plain-http) for it";
const caHint =
  "Give the certificate of its authority as ca_certificate (--ca-file or SSL_CERT_FILE), or switch verification off with insecure_skip_verify (--insecure-skip-tls-verify) if you must";

const unavailable = (what: string): Meaning => ({ code: "unavailable", transient: true, what });
const timedOut = (what: string): Meaning => ({ code: "timeout", transient: true, what });
const tls = (what: string, hint: string): Meaning => ({ code: "tls", transient: false, what, hint });
const protocol = (what: string, hint?: string): Meaning => ({
  code: "protocol",
  transient: false,
  what,
  ...(hint === undefined ? {} : { hint }),
});

const speaksPlainHttp = tls("it does not answer in TLS", plainHttpHint);
const handshakeFailed = tls(
  "the TLS handshake failed",
  "Check that the registry speaks TLS 1.2 or newer at this port, and the certificates on both sides",
);
const unknownAuthority = tls("its certificate was signed by an unknown authority", caHint);

/** By the `code` of errors: those of the system and its libraries, and our own. */
const meanings: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: unavailable("the connection was refused"),
  ECONNRESET: unavailable("the connection was reset"),
  ECONNABORTED: unavailable("the connection was aborted"),
  EPIPE: unavailable("the connection was closed"),
  IMAGESYNC_CLOSED: unavailable("the connection was closed"),
  ERR_STREAM_PREMATURE_CLOSE: unavailable("the connection was closed"),
  EHOSTUNREACH: unavailable("the host cannot be reached"),
  EHOSTDOWN: unavailable("the host cannot be reached"),
  ENETUNREACH: unavailable("the network cannot be reached"),
  ENETDOWN: unavailable("the network is down"),
  EADDRNOTAVAIL: unavailable("no local port is free"),
  EMFILE: unavailable("this process has too many files and connections open"),
  EAI_AGAIN: unavailable("the name cannot be resolved at the moment"),
  ENOTFOUND: {
    code: "unavailable",
    transient: false,
    what: "there is no host of that name",
    hint: "Correct the name of the registry",
  },
  ETIMEDOUT: timedOut("the connection timed out"),
  UND_ERR_CONNECT_TIMEOUT: timedOut("no connection was made in time"),
  IMAGESYNC_HEADERS_TIMEOUT: timedOut("no answer came in time"),
  IMAGESYNC_TOO_SLOW: timedOut("the body hardly moved"),
  IMAGESYNC_BODY_TIMEOUT: timedOut("the answer stopped in the middle"),
  ERR_SSL_WRONG_VERSION_NUMBER: speaksPlainHttp,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: speaksPlainHttp,
  ERR_SSL_UNSUPPORTED_PROTOCOL: tls(
    "no TLS version is common to both sides",
    "The registry must offer TLS 1.2 or newer",
  ),
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: tls(
    "no TLS version is common to both sides",
    "The registry must offer TLS 1.2 or newer",
  ),
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: tls(
    "it asks for a client certificate",
    "Set client_certificate and client_key for it",
  ),
  DEPTH_ZERO_SELF_SIGNED_CERT: tls("its certificate is self-signed", caHint),
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_UNTRUSTED: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: tls("its certificate has expired", "The registry needs a new certificate"),
  CERT_NOT_YET_VALID: tls("its certificate is not valid yet", "Check the clock of this machine and the certificate"),
  CERT_REVOKED: tls("its certificate was revoked", "The registry needs a new certificate"),
  ERR_TLS_CERT_ALTNAME_INVALID: tls(
    "its certificate is for another name",
    "Use the name that stands in the certificate",
  ),
  IMAGESYNC_HEADERS_TOO_LARGE: protocol("the headers of its answer are too large"),
  IMAGESYNC_NOT_HTTP: protocol("its answer is not HTTP", "If it speaks TLS, remove plain_http (--plain-http) for it"),
  // What somebody on the way has mixed up may be whole the next time.
  IMAGESYNC_AMBIGUOUS_LENGTH: unavailable("it is not clear where its answer ends"),
  IMAGESYNC_UNSENDABLE: protocol(
    "the request has characters that cannot be sent",
    "Check the headers that are set for it, and the login: a line end in either is none of it",
  ),
  IMAGESYNC_CERTIFICATE_REQUIRED: tls(
    "it asks for a client certificate",
    "Set client_certificate and client_key for it",
  ),
  IMAGESYNC_CERTIFICATE_REFUSED: tls(
    "it does not accept the client certificate",
    "Check that client_certificate was issued by the authority that the registry trusts, and has not expired",
  ),
  IMAGESYNC_PROXY_UNREACHABLE: {
    ...unavailable("the proxy on the way cannot be reached"),
    hint: "Check HTTPS_PROXY, HTTP_PROXY and proxy_url, or name the host in NO_PROXY",
  },
  IMAGESYNC_PROXY_FAILED: unavailable("the proxy on the way has no connection to it"),
  IMAGESYNC_PROXY_LOGIN: {
    code: "unauthorized",
    transient: false,
    what: "the proxy on the way asks for a login (status 407)",
    hint: "Write user and password before the host, in the address of the proxy (HTTPS_PROXY, HTTP_PROXY or proxy_url)",
  },
  IMAGESYNC_PROXY_REFUSED: {
    code: "denied",
    transient: false,
    what: "the proxy on the way refuses to connect to it",
    hint: "Ask for the host and port to be allowed at the proxy, or name the host in NO_PROXY",
  },
  IMAGESYNC_PRIVATE_ADDRESS: {
    code: "redirect-refused",
    transient: false,
    what: "the name of another host it points to resolves to a private address",
    hint: "If that is intended, configure that host as a registry of its own",
  },
};

/**
 * Says what a thrown value means for a request. An ImagesyncError is passed through as final. The original is kept in
 * `cause` as name, code and message only: errors of libraries can carry bytes of the answer.
 */
export function explainNetworkError(
  thrown: unknown,
  context: Pick<ErrorFields, "operation" | "registry">,
): NetworkFailure {
  if (thrown instanceof ImagesyncError) return { error: thrown, transient: false };
  const code = codeOf(thrown);
  const meaning = meanings[code] ?? guess(code, thrown);
  return {
    transient: meaning.transient,
    error: new ImagesyncError({
      code: meaning.code,
      operation: context.operation,
      registry: context.registry,
      message: `Cannot ${context.operation} at ${context.registry}: ${meaning.what} (${code})`,
      hint: meaning.hint,
      cause: summary(thrown),
    }),
  };
}

function guess(code: string, thrown: unknown): Meaning {
  // OpenSSL's reason stands in the message of EPROTO: the peer's first bytes were no TLS record.
  if (/wrong version number|packet length too long|http request/i.test(messageOf(thrown))) return speaksPlainHttp;
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return handshakeFailed;
  if (/\b(ssl|tls|certificate)\b/i.test(messageOf(thrown))) return handshakeFailed;
  return unavailable("the connection failed");
}

/** The first code in the chain of causes; several tries to connect are an AggregateError. */
function codeOf(thrown: unknown, depth = 0): string {
  if (typeof thrown !== "object" || thrown === null || depth > 5) return "unknown";
  if ("code" in thrown && typeof thrown.code === "string") {
    return thrown.code;
  }
  if ("errors" in thrown && Array.isArray(thrown.errors)) return codeOf(thrown.errors[0], depth + 1);
  return "cause" in thrown ? codeOf(thrown.cause, depth + 1) : "unknown";
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function summary(thrown: unknown): Error {
  const cause = new Error(messageOf(thrown));
  cause.name = thrown instanceof Error ? thrown.name : "Error";
  delete cause.stack;
  return Object.assign(cause, { code: codeOf(thrown) });
}
