import { createRedactor } from "../../../engine/index.ts";
import { createLogger } from "../../../provider-shim/log.ts";
import { decodeMessage, encodeMessage } from "../../../provider-shim/protocol/wire.ts";
import { rpcPath } from "../../../provider-shim/protocol/rpc-names.ts";
import { createProtocolServer } from "../../../provider-shim/protocol/server.ts";
import type { Value } from "../../../provider-shim/protocol/value.ts";
import { decodeValue } from "../../../provider-shim/protocol/value-decode.ts";
import { encodeValue } from "../../../provider-shim/protocol/value-encode.ts";
import { createProvider } from "../../../provider-shim/provider.ts";

/** What a call of a function has answered. */
export interface FunctionAnswer {
  readonly value?: Value;
  readonly error?: { readonly text: string; readonly argument: number | undefined };
}

/** Calls a function of the provider by its messages, as Terraform does; it need not be configured for that. */
export async function callFunction(name: string, ...values: readonly Value[]): Promise<FunctionAnswer> {
  const redactor = createRedactor();
  const provider = createProvider({ version: "0.0.0", environment: {}, redactor });
  const log = createLogger({ write: () => undefined, redact: (text) => redactor.redact(text) });
  const server = createProtocolServer({ provider, protocol: 6, log });
  const handle = server.handlers.get(rpcPath(6, "CallFunction"));
  const returns = provider.functions[name]?.returns ?? "dynamic";
  const request = { name, arguments: values.map((value) => ({ msgpack: encodeValue("string", value) })) };
  const bytes = await handle?.(encodeMessage(6, "CallFunctionRequest", request), new AbortController().signal);
  const { result, error } = decodeMessage(6, "CallFunctionResponse", bytes ?? new Uint8Array());
  // As Terraform shows it, which ends it with a period.
  if (error) return { error: { text: `${error.text}.`, argument: error.function_argument } };
  return { value: decodeValue(returns, result?.msgpack ?? new Uint8Array()) };
}
