import type { Readable } from "node:stream";
import type { HttpRequest } from "../../http/message.ts";
import type { Transport } from "../registry.ts";

/** A request as the SDK hands it over, signed. */
interface SignedRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What the SDK expects of a handler. */
type AmazonHandler = {
  readonly handle: (
    request: SignedRequest,
    options?: { readonly abortSignal?: unknown },
  ) => Promise<{
    readonly response: {
      readonly statusCode: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Readable;
    };
  }>;
  readonly updateHttpClientConfig: () => void;
  readonly httpHandlerConfigs: () => Readonly<Record<string, never>>;
};

/**
 * Sends what Amazon's SDK signs by our own client: through the same proxy, with the same certificates and limits, and
 * nothing twice. Only the requests of the API itself come by here, not those for its credentials.
 */
export function amazonHandler(transport: Transport, registry: string): AmazonHandler {
  return {
    handle: async (request, options = {}) => {
      const { authorization, host: _host, "content-length": _length, ...headers } = request.headers;
      const body = bytesOf(request.body);
      const signal = options.abortSignal;
      const response = await transport.send({
        operation: "use the API of Amazon ECR",
        registry,
        method: request.method as HttpRequest["method"],
        url: addressOf(request),
        headers,
        authorization,
        body: { bytes: body.byteLength, open: () => body, repeatable: false },
        kind: "control",
        signal: signal instanceof AbortSignal ? signal : undefined,
      });
      return {
        response: {
          statusCode: response.status,
          headers: Object.fromEntries(response.headers),
          body: response.body,
        },
      };
    },
    updateHttpClientConfig: () => {
      // Ours is configured for the process.
    },
    httpHandlerConfigs: () => ({}),
  };
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  return new TextEncoder().encode(typeof body === "string" ? body : "");
}

function addressOf(request: SignedRequest): string {
  const port = request.port === undefined ? "" : `:${request.port}`;
  return `${request.protocol}//${request.hostname}${port}${request.path}`;
}
