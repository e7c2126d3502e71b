import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

import type { ProtocolServer } from "../protocol/server.ts";
import type { GrpcMethod } from "./grpc.ts";
import { grpcCodes, GrpcError } from "./grpc-status.ts";

const empty = new Uint8Array();

/**
 * The services that go-plugin expects of a plugin beside the provider itself.
 * https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md
 */
export function pluginServices(shutDown: () => void): ReadonlyMap<string, GrpcMethod> {
  return new Map<string, GrpcMethod>([
    [
      "/plugin.GRPCController/Shutdown",
      {
        kind: "unary",
        // Terraform waits two seconds for the process to end and then kills it.
        handle: () => {
          shutDown();
          return Promise.resolve(empty);
        },
      },
    ],
    // Carries copies of stdout and stderr, of which there are none; Terraform holds the stream while it runs.
    ["/plugin.GRPCStdio/StreamStdio", { kind: "stream", handle: ({ signal }) => aborted(signal) }],
    // Brokers further connections, which Terraform never opens.
    ["/plugin.GRPCBroker/StartStream", { kind: "stream", handle: ({ signal }) => aborted(signal) }],
    ["/grpc.health.v1.Health/Check", { kind: "unary", handle: (request) => Promise.resolve(health(request)) }],
  ]);
}

/** The provider's calls as methods of gRPC. */
export function providerService(server: ProtocolServer): ReadonlyMap<string, GrpcMethod> {
  return new Map([...server.handlers].map(([path, handle]): [string, GrpcMethod] => [path, { kind: "unary", handle }]));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

const serving = 1;

/** https://github.com/grpc/grpc/blob/master/doc/health-checking.md */
function health(request: Uint8Array): Uint8Array {
  const reader = new BinaryReader(request);
  let service = "";
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      if (number === 1 && wireType === WireType.LengthDelimited) service = reader.string(true);
      else reader.skip(wireType, number);
    }
  } catch (error) {
    throw new GrpcError(grpcCodes.invalidArgument, "Malformed health check", { cause: error });
  }
  if (service !== "" && service !== "plugin") throw new GrpcError(grpcCodes.notFound, `Unknown service "${service}"`);
  return new BinaryWriter().tag(1, WireType.Varint).int32(serving).finish();
}
