import { access, constants } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createLogger } from "../../../provider-shim/log.ts";
import { serveReattach } from "../../../provider-shim/plugin/reattach.ts";
import type { ProviderDefinition } from "../../../provider-shim/protocol/resource.ts";

/** A provider that terraform commands of the tests use. */
export interface TestProvider {
  /** Added to the environment of every command. */
  readonly environment: Readonly<Record<string, string>>;
  /** Text of terraform's own configuration file. */
  readonly cliConfig: string;
  close(): Promise<void>;
}

/** Source address of the provider. */
export const providerAddress = "registry.terraform.io/imagesync/imagesync";

/**
 * The provider of this source tree, in this process: no package, no start-up, and its code is under the debugger and
 * in the coverage. It lives across commands, as no real provider does; the packaged one is there to tell the difference.
 */
export async function attachedProvider<P>(
  provider: ProviderDefinition<P>,
  options: { readonly protocol?: 5 | 6; readonly address?: string; readonly log?: (line: string) => void } = {},
): Promise<TestProvider> {
  const served = await serveReattach({
    provider,
    protocol: options.protocol ?? 6,
    address: options.address ?? providerAddress,
    log: createLogger({ level: "trace", write: options.log ?? (() => undefined) }),
  });
  return {
    environment: { TF_REATTACH_PROVIDERS: served.reattach },
    cliConfig: "",
    close: () => served.close(),
  };
}

/** Where `make build` leaves the packaged provider. */
export const packageDirectory: string = fileURLToPath(new URL("../../../dist", import.meta.url));

/** The packaged binary as `make build` leaves it; terraform starts and ends its processes itself. */
export async function packagedProvider(
  options: { readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<TestProvider> {
  const binary = `${packageDirectory}/terraform-provider-imagesync`;
  await access(binary, constants.X_OK).catch((error: unknown) => {
    throw new Error(`${binary} is missing: run "make build"`, { cause: error });
  });
  return {
    environment: options.environment ?? {},
    cliConfig: `provider_installation {
  dev_overrides { "${providerAddress}" = "${packageDirectory}" }
  direct {}
}
`,
    close: () => Promise.resolve(),
  };
}
