/** Codes of gRPC that this server answers with. https://grpc.io/docs/guides/status-codes/ */
export const grpcCodes = {
  ok: 0,
  invalidArgument: 3,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
} as const;

/** A failed call: what the client gets as its status. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A client copes with headers of 8 KiB; each byte may take three in percent form. */
const maxMessageLength = 2048;

/**
 * Encodes a status message: printable ASCII but `%` as it is, every other byte in percent form.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function encodeStatusMessage(message: string): string {
  return Buffer.from(message.slice(0, maxMessageLength)).reduce(
    (text, byte) =>
      text +
      (byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`),
    "",
  );
}
