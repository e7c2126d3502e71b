import type { ProtocolVersion } from "./wire.ts";

/** Names that protocol 5 has for what protocol 6 calls differently. All other calls have one name. */
const namesInProtocol5: Readonly<Record<string, string>> = {
  GetProviderSchema: "GetSchema",
  ValidateProviderConfig: "PrepareProviderConfig",
  ValidateResourceConfig: "ValidateResourceTypeConfig",
  ValidateDataResourceConfig: "ValidateDataSourceConfig",
  ConfigureProvider: "Configure",
  StopProvider: "Stop",
};

/** The gRPC path of a call, given by its name in protocol 6: `/tfplugin5.Provider/GetSchema`. */
export function rpcPath(protocol: ProtocolVersion, rpc: string): string {
  const name = protocol === 5 ? (namesInProtocol5[rpc] ?? rpc) : rpc;
  return `/tfplugin${protocol}.Provider/${name}`;
}
