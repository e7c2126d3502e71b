import type { ECRClientConfig } from "@aws-sdk/client-ecr";
import { fieldsOf } from "./cloud-answer.ts";
import type { CloudQuestion } from "./cloud-login.ts";
import type { CloudMessage } from "./cloud-request.ts";

type Handler = Extract<NonNullable<ECRClientConfig["requestHandler"]>, { handle: unknown }>;

/** What the SDK hands over; it types it as `any`. */
interface SignedMessage {
  readonly method: CloudMessage["method"];
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Changes the fields of a good answer. */
type Change = (fields: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** Sends what Amazon's SDK has signed by our own way, and until our own signal. */
export function amazonHandler({ request, signal }: CloudQuestion, change?: Change): Handler {
  return {
    handle: async (message: SignedMessage) => {
      const { protocol, hostname, port, path, method, body } = message;
      const bytes =
        body instanceof Uint8Array
          ? // The SDK's own sort of bytes complains on the console when it is taken for a text, as Buffer.from tries.
            new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
          : new TextEncoder().encode(typeof body === "string" ? body : "");
      // Both are for the one who sends to set.
      const { host: _host, "content-length": _length, ...headers } = message.headers;
      const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
      const answer = await request({ method, url, headers, body: bytes }, signal);
      const changed =
        change !== undefined && answer.status === 200 ? change(Object.fromEntries(fieldsOf(answer))) : undefined;
      return {
        response: {
          statusCode: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: changed === undefined ? answer.body : new TextEncoder().encode(JSON.stringify(changed)),
        },
      };
    },
    updateHttpClientConfig: () => {
      // How things are sent is decided elsewhere.
    },
    httpHandlerConfigs: () => ({}),
  };
}
