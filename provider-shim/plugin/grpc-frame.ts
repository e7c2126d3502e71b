import type { Readable } from "node:stream";

import { grpcCodes, GrpcError } from "./grpc-status.ts";

const headerLength = 5;

/**
 * A message in gRPC's framing: a flag for compression, the length, the message.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
 */
export function frame(message: Uint8Array): Uint8Array {
  const framed = Buffer.allocUnsafe(headerLength + message.length);
  framed.writeUInt8(0, 0);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, headerLength);
  return framed;
}

/**
 * Reads the one message of a request. Rejects with a GrpcError when there is none or more than one, when it is
 * compressed, when it ends early, and as soon as it announces more than `maxBytes`; with an Error when the stream
 * breaks. The stream stays usable for the answer, which is why this is no `for await`: that destroys what it leaves.
 */
export function readMessage(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    let expected: number | undefined;
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      try {
        if (expected === undefined && received >= headerLength) {
          expected = headerLength + announcedLength(Buffer.concat(chunks, headerLength), maxBytes);
        }
        if (expected !== undefined && received > expected) {
          throw new GrpcError(grpcCodes.invalidArgument, "The request has more than one message");
        }
      } catch (error) {
        stream.removeAllListeners("data");
        chunks.length = 0;
        reject(error);
      }
    });
    stream.on("end", () => {
      if (received === expected) resolve(Buffer.concat(chunks, received).subarray(headerLength));
      else reject(new GrpcError(grpcCodes.invalidArgument, "The request ends before its message does"));
    });
    stream.on("close", () => reject(new Error("The connection has ended within a request")));
  });
}

function announcedLength(header: Buffer, maxBytes: number): number {
  if (header.readUInt8(0) !== 0) {
    throw new GrpcError(grpcCodes.unimplemented, "Compressed messages are not supported");
  }
  const length = header.readUInt32BE(1);
  if (length > maxBytes) {
    throw new GrpcError(
      grpcCodes.resourceExhausted,
      `The message has ${length} bytes, more than the ${maxBytes} that the provider accepts`,
    );
  }
  return length;
}
