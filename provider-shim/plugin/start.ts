import type { SecureServerOptions } from "node:http2";

import type { Logger } from "../log.ts";
import type { ProviderDefinition } from "../protocol/resource.ts";
import { createProtocolServer, type ProtocolServer } from "../protocol/server.ts";
import type { ProtocolVersion } from "../protocol/wire.ts";
import { createGrpcServer, type GrpcServer } from "./grpc.ts";
import { listen, type Listening } from "./listen.ts";
import { pluginServices, providerService } from "./services.ts";

/** A provider that listens. */
export interface StartedPlugin {
  readonly protocolServer: ProtocolServer;
  readonly grpc: GrpcServer;
  readonly listening: Listening;
}

/** Options of {@link startPlugin}. */
export interface StartOptions<P> {
  readonly provider: ProviderDefinition<P>;
  readonly protocol: ProtocolVersion;
  readonly log: Logger;
  readonly tls?: SecureServerOptions | undefined;
  /** Called when Terraform asks the process to end. */
  shutDown(): void;
}

/** Puts the provider and go-plugin's services on a socket. */
export async function startPlugin<P>(options: StartOptions<P>): Promise<StartedPlugin> {
  const { provider, protocol, log, tls } = options;
  const protocolServer = createProtocolServer({ provider, protocol, log });
  const grpc = createGrpcServer({
    methods: new Map([...providerService(protocolServer), ...pluginServices(() => options.shutDown())]),
    redact: (text) => log.redact(text),
    ...(tls && { tls }),
  });
  return { protocolServer, grpc, listening: await listen(grpc.http) };
}
