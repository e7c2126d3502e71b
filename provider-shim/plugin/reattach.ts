import { writeSync } from "node:fs";

import type { Logger } from "../log.ts";
import type { ProviderDefinition } from "../protocol/resource.ts";
import type { ProtocolVersion } from "../protocol/wire.ts";
import { startPlugin } from "./start.ts";

/** Options of {@link serveReattach} and {@link serveDebug}. */
export interface ReattachOptions<P> {
  readonly provider: ProviderDefinition<P>;
  readonly log: Logger;
  /** Default 6. */
  readonly protocol?: ProtocolVersion | undefined;
  /** Source address of the provider. Default `registry.terraform.io/imagesync/imagesync`. */
  readonly address?: string | undefined;
}

/** A provider that waits for Terraform commands to attach to it. */
export interface Reattachable {
  /** Value for the environment variable TF_REATTACH_PROVIDERS. */
  readonly reattach: string;
  /** Aborts what runs, ends all connections and closes the provider. */
  close(): Promise<void>;
}

/**
 * Serves the provider in this process, without TLS, to every Terraform command that has the returned value in
 * TF_REATTACH_PROVIDERS: Terraform neither installs, starts nor ends it.
 * https://developer.hashicorp.com/terraform/plugin/debugging#terraform-cli-development-overrides
 */
export async function serveReattach<P>(options: ReattachOptions<P>): Promise<Reattachable> {
  const protocol = options.protocol ?? 6;
  const { protocolServer, grpc, listening } = await startPlugin({
    provider: options.provider,
    protocol,
    log: options.log,
    shutDown: () => undefined,
  });
  const attachment = {
    Protocol: "grpc",
    ProtocolVersion: protocol,
    Pid: process.pid,
    Test: true,
    Addr: { Network: listening.network, String: listening.address },
  };
  return {
    reattach: JSON.stringify({ [options.address ?? "registry.terraform.io/imagesync/imagesync"]: attachment }),
    close: async () => {
      protocolServer.stop();
      await grpc.close();
      listening.cleanUp();
      await options.provider.close?.();
    },
  };
}

/** Serves as {@link serveReattach} does, prints what to set in Terraform's environment, and stays until Ctrl-C. */
export async function serveDebug<P>(options: ReattachOptions<P>): Promise<void> {
  const served = await serveReattach(options);
  writeSync(1, `The provider is running. Run Terraform with this in its environment; Ctrl-C ends the provider.\n\n`);
  writeSync(1, `TF_REATTACH_PROVIDERS='${served.reattach}'\n`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  await served.close();
}
