import { createEngine, type Engine, type Redactor } from "../engine/index.ts";
import { type DeletionPolicy, deletionPolicyOf } from "./deletion-policy.ts";
import { logEvent } from "./event-log.ts";
import type { Logger } from "./log.ts";
import { defaultPlatforms, processSettings } from "./process-settings.ts";
import { registrySecretsIn, registryTransport } from "./registry-block.ts";
import { blocks } from "./provider-schema.ts";
import { environmentLogin, plainHttpHost, registryAuthSecrets, registryLogin } from "./registry-auth.ts";
import { isUnknown, type ObjectValue, type Value } from "./protocol/value.ts";

/** What the provider block becomes: every resource of this configuration shares the one engine. */
export interface Configured {
  readonly engine: Engine;
  /** Tags are resolved at plan, so that plans show final digests. */
  readonly resolveAtPlan: boolean;
  /** For resources that say nothing of their own. */
  readonly deletionPolicy: DeletionPolicy;
  /** The platforms of resources that name none: a list of names, null for whole images, or unknown. */
  readonly defaultPlatforms: Value;
  /** Part of the configuration is not known yet: nothing can be asked of registries. */
  readonly unknown: boolean;
}

/** Makes the engine of a configuration. No network, no file is touched here. */
export function configureProvider(
  config: ObjectValue,
  {
    log,
    ...options
  }: {
    readonly environment: NodeJS.ProcessEnv;
    readonly userAgent: string;
    readonly redactor: Redactor;
    /** Told what the requests of all resources run into: retries, pauses, mirrors that are passed over. */
    readonly log?: Logger | undefined;
  },
): Configured {
  const explicit = blocks(config, "registry_auth").flatMap((block) => registryLogin(block, options.environment) ?? []);
  const registries = blocks(config, "registry").flatMap((block) => registryTransport(block) ?? []);
  const plainHttp = new Set(explicit.flatMap(({ address }) => plainHttpHost(address) ?? []));
  for (const { address } of registries) plainHttp.delete(address);
  for (const secret of secretsIn(config)) options.redactor.keepSecret(secret);
  const { password } = environmentLogin(options.environment);
  if (password !== undefined) options.redactor.keepSecret(password);
  const engine = createEngine({
    ...options,
    ...processSettings(config, options.environment),
    ...(log && { onEvent: (event) => logEvent(event, log) }),
    registries: [...registries, ...[...plainHttp].map((address) => ({ address, plainHttp: true }))],
    credentials: {
      explicit,
      configFile: optionalText(config, "config_file"),
      configFileContent: optionalText(config, "config_file_content"),
    },
  });
  return {
    engine,
    resolveAtPlan: config["resolve_at_plan"] !== false,
    deletionPolicy: deletionPolicyOf(config["deletion_policy"]) ?? "delete",
    defaultPlatforms: defaultPlatforms(config),
    // No plan depends on the policy.
    unknown: hasUnknown({ ...config, deletion_policy: null }),
  };
}

/** Every sensitive value, known before the first line is logged. */
function secretsIn(config: ObjectValue): string[] {
  const auth = blocks(config, "registry_auth");
  const found = auth.flatMap((block) => [...registryAuthSecrets, "config_file_content"].map((name) => block[name]));
  const keys = blocks(config, "registry").flatMap(registrySecretsIn);
  return [...found, ...keys, config["config_file_content"]].filter(
    (value): value is string => typeof value === "string",
  );
}

function optionalText(block: ObjectValue, name: string): string | undefined {
  const value = block[name];
  return typeof value === "string" ? value : undefined;
}

function hasUnknown(value: Value | undefined): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return (value as readonly Value[]).some(hasUnknown);
  return (
    typeof value === "object" && value !== null && !(value instanceof Map) && Object.values(value).some(hasUnknown)
  );
}
