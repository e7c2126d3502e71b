import { Client, credentials, type ChannelCredentials, type ClientReadableStream } from "@grpc/grpc-js";

import type { Certificate } from "../../../provider-shim/plugin/certificate.ts";

/** A client that is not ours: calls by path, with messages as bytes. */
export interface TestClient {
  /** Rejects with the ServiceError of grpc-js: `code`, `details`. */
  unary(path: string, request?: Uint8Array, signal?: AbortSignal): Promise<Buffer>;
  stream(path: string, request?: Uint8Array): ClientReadableStream<Buffer>;
  close(): void;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
const deadlineMs = 20_000;

/** Connects over plain HTTP/2, or over TLS when a certificate authority is given. */
export function clientFor(
  address: string,
  tls?: { readonly certificate: Certificate | undefined; readonly ca: string },
): TestClient {
  const options = {
    "grpc.ssl_target_name_override": "localhost",
    "grpc.default_authority": "localhost",
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.enable_retries": 0,
  };
  const client = new Client(address, tls === undefined ? credentials.createInsecure() : secure(tls), options);
  return {
    unary: (path, request = new Uint8Array(), signal?) =>
      new Promise((resolve, reject) => {
        const call = client.makeUnaryRequest(
          path,
          asBuffer,
          (bytes: Buffer) => bytes,
          request,
          { deadline: Date.now() + deadlineMs },
          (error, response) => {
            if (error) reject(error);
            else resolve(response ?? Buffer.alloc(0));
          },
        );
        signal?.addEventListener("abort", () => call.cancel(), { once: true });
      }),
    stream: (path, request = new Uint8Array()) =>
      client.makeServerStreamRequest(path, asBuffer, (bytes: Buffer) => bytes, request),
    close: () => client.close(),
  };
}

function secure({ certificate, ca }: { certificate: Certificate | undefined; ca: string }): ChannelCredentials {
  return certificate === undefined
    ? credentials.createSsl(Buffer.from(ca))
    : credentials.createSsl(Buffer.from(ca), Buffer.from(certificate.keyPem), Buffer.from(certificate.certPem));
}
