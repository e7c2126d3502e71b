import type { Redactor } from "../engine/index.ts";
import { checkFiles } from "./check-files.ts";
import { type Configured, configureProvider } from "./configure.ts";
import { imagesyncTags } from "./data-sources/imagesync-tags.ts";
import { imagesyncImage } from "./data-sources/imagesync-image.ts";
import { describeError } from "./describe-error.ts";
import { globMatch } from "./functions/glob-match.ts";
import { parseReferenceFunction } from "./functions/parse-reference.ts";
import { pin } from "./functions/pin.ts";
import { rewrite } from "./functions/rewrite.ts";
import type { ProviderDefinition } from "./protocol/resource.ts";
import { providerSchema } from "./provider-schema.ts";
import { imagesync } from "./resources/imagesync.ts";
import { imagesyncRepository } from "./resources/imagesync-repository.ts";
import { validateProvider } from "./validate-provider.ts";

export interface ProviderOptions {
  readonly version: string;
  /** Environment variables: logins, proxies, certificates, TF_APPEND_USER_AGENT. */
  readonly environment: NodeJS.ProcessEnv;
  /** Shared with the log, which must not show what the configuration holds. */
  readonly redactor: Redactor;
}

/** The provider: its block, its types, and what they share. */
export function createProvider({ version, environment, redactor }: ProviderOptions): ProviderDefinition<Configured> {
  const open = new Set<Configured>();
  return {
    schema: providerSchema,
    resources: { imagesync, imagesync_repository: imagesyncRepository },
    dataSources: { imagesync_image: imagesyncImage, imagesync_tags: imagesyncTags },
    functions: { parse_reference: parseReferenceFunction, pin, rewrite, glob_match: globMatch },
    validate: (config, context) => validateProvider(config, context, environment),
    async configure(config, { terraformVersion, log, diagnostics }) {
      await checkFiles(config, environment, diagnostics);
      const userAgent = [
        `Terraform/${terraformVersion ?? "unknown"} (+https://www.terraform.io)`,
        `terraform-provider-imagesync/${version}`,
        environment["TF_APPEND_USER_AGENT"] ?? "",
      ]
        .join(" ")
        .trim();
      const configured = configureProvider(config, {
        environment,
        userAgent,
        redactor,
        // What the engine tells later belongs to no call, least of all to this one.
        log: log.child({ rpc: undefined }),
      });
      open.add(configured);
      return configured;
    },
    describeError: (error) => describeError(error),
    async close() {
      await Promise.all([...open].map(({ engine }) => engine.close()));
      open.clear();
    },
  };
}
