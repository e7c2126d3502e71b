import type { Logger } from "../log.ts";
import { CallFailed, type Call, type Configured, type Rpc } from "./call.ts";
import { dataSourceRpcs } from "./data-source-rpcs.ts";
import { Diagnostics, type Diagnostic } from "./diagnostics.ts";
import { diagnosticMessage, diagnosticOfError } from "./error-diagnostic.ts";
import { functionRpcs } from "./function-rpcs.ts";
import { messages, type Message, type MessageInit, type MessageName } from "./messages.ts";
import { providerRpcs } from "./provider-rpcs.ts";
import { resourceRpcs } from "./resource-rpcs.ts";
import type { ProviderDefinition } from "./resource.ts";
import { rpcPath } from "./rpc-names.ts";
import { decodeMessage, encodeMessage, type ProtocolVersion } from "./wire.ts";

/** Answers one call: the request's bytes in, the response's bytes out. The signal ends with the caller's interest. */
type RpcHandler = (request: Uint8Array, signal: AbortSignal) => Promise<Uint8Array>;

/** A provider behind one version of the plugin protocol. */
export interface ProtocolServer {
  /** The handlers by their gRPC path. */
  readonly handlers: ReadonlyMap<string, RpcHandler>;
  /** Aborts every running call, as StopProvider does. Calls that come later are not affected. */
  stop(): void;
}

/** Options of {@link createProtocolServer}. */
export interface ProtocolServerOptions<P> {
  readonly provider: ProviderDefinition<P>;
  readonly protocol: ProtocolVersion;
  readonly log: Logger;
}

/**
 * Puts a provider behind the plugin protocol. Every call runs in one wrapper: it decodes, gives the call its signal and
 * log, turns exceptions into diagnostics, encodes, and writes a log line with the duration.
 */
export function createProtocolServer<P>({ provider, protocol, log }: ProtocolServerOptions<P>): ProtocolServer {
  const running = new Set<AbortController>();
  let configured: Configured<P> | undefined;

  const stop = (): void => {
    for (const controller of running) controller.abort(new Error("Terraform has asked the provider to stop"));
  };

  /** Runs `work` as one of the calls that `stop` aborts. */
  const tracked = async <Result>(
    callerSignal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> => {
    const controller = new AbortController();
    const forward = (): void => controller.abort(callerSignal.reason);
    callerSignal.addEventListener("abort", forward, { once: true });
    if (callerSignal.aborted) forward();
    running.add(controller);
    try {
      return await work(controller.signal);
    } finally {
      running.delete(controller);
      callerSignal.removeEventListener("abort", forward);
    }
  };

  const answer = async <Request extends MessageName, Response extends MessageName>(
    name: string,
    rpc: Rpc<Request, Response, P>,
    request: Message<Request>,
    signal: AbortSignal,
  ): Promise<MessageInit<Response>> => {
    const startedAt = performance.now();
    const type = subjectOf(request);
    const callLog = log.child({ rpc: name, type });
    const diagnostics = new Diagnostics();
    const call: Call<P> = {
      definition: provider,
      protocol,
      context: { signal, diagnostics, log: callLog, terraformVersion: configured?.terraformVersion },
      configured,
      configure: (result) => {
        configured = result;
      },
    };
    const findings = (): readonly Diagnostic[] =>
      diagnostics.list.map((finding) => ({
        ...finding,
        summary: log.redact(finding.summary),
        detail: log.redact(finding.detail),
      }));
    let response: MessageInit<Response>;
    try {
      response = await rpc.handle(request, call);
    } catch (error) {
      if (!(error instanceof CallFailed)) {
        const action = type === undefined ? rpc.action : `${rpc.action} "${type}"`;
        diagnostics.add(diagnosticOfError(error, action, signal, provider.describeError?.bind(provider)));
        callLog.debug("Call has thrown", { stack: error instanceof Error ? error.stack : String(error) });
      }
      response = rpc.failed?.(request, findings()) ?? {};
    }
    callLog.debug("Call answered", {
      duration_ms: (performance.now() - startedAt).toFixed(1),
      diagnostics: diagnostics.list.length,
      cancelled: signal.aborted,
    });
    if (!("diagnostics" in messages[rpc.response])) return response;
    return { ...response, diagnostics: findings().map(diagnosticMessage) };
  };

  const handlers = new Map<string, RpcHandler>();
  const add = <Request extends MessageName, Response extends MessageName>(
    name: string,
    rpc: Rpc<Request, Response, P>,
  ): void => {
    handlers.set(rpcPath(protocol, name), (bytes, callerSignal) =>
      tracked(callerSignal, async (signal) => {
        const request = decodeMessage(protocol, rpc.request, bytes);
        return encodeMessage(protocol, rpc.response, await answer(name, rpc, request, signal));
      }),
    );
  };

  // Each record pairs its requests with its responses; only the loop over names cannot express that.
  const rpcs = { ...providerRpcs<P>(), ...resourceRpcs<P>(), ...dataSourceRpcs<P>(), ...functionRpcs<P>() };
  for (const [name, rpc] of Object.entries(rpcs)) add(name, rpc as Rpc<MessageName, MessageName, P>);
  // Not tracked, as it would abort and await itself.
  handlers.set(rpcPath(protocol, "StopProvider"), () => {
    log.info("Terraform asks to stop", { running_calls: running.size });
    stop();
    return Promise.resolve(encodeMessage(protocol, "StopProviderResponse", {}));
  });

  return { handlers, stop };
}

/** The resource type or function that a request is about. */
function subjectOf(request: object): string | undefined {
  if ("type_name" in request) return String(request.type_name);
  if ("target_type_name" in request) return String(request.target_type_name);
  return "name" in request ? String(request.name) : undefined;
}
