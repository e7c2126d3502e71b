import type { Schema } from "./protocol/schema.ts";
import type { ObjectValue, Value } from "./protocol/value.ts";
import { processAttributes } from "./process-settings.ts";
import { registryAuthBlock } from "./registry-auth.ts";
import { registryBlock } from "./registry-block.ts";

/** The provider block. */
export const providerSchema: Schema = {
  version: 0,
  block: {
    description:
      "Copies container images, and any other OCI artifact, from one registry to another, pins them by digest, and keeps them true.",
    attributes: {
      config_file: {
        type: "string",
        optional: true,
        description:
          "Path of a docker `config.json` or podman `auth.json` with logins; it must exist. Defaults to `IMAGESYNC_CONFIG_FILE`, else to what docker and podman would use: the content in `DOCKER_AUTH_CONFIG`, the file `REGISTRY_AUTH_FILE`, `config.json` below `DOCKER_CONFIG`, podman's `containers/auth.json` below `XDG_RUNTIME_DIR` and `XDG_CONFIG_HOME`, `~/.docker/config.json`, `~/.dockercfg`.",
      },
      config_file_content: {
        type: "string",
        optional: true,
        sensitive: true,
        description:
          "The content of a docker `config.json` or of a Kubernetes secret (`.dockerconfigjson`, `.dockercfg`) with logins; asked before `config_file`.",
      },
      resolve_at_plan: {
        type: "bool",
        optional: true,
        description:
          "Resolve source tags at plan, so that `id` and what uses it are known there. `false` leaves them unknown until apply when an image is created or its source changes. Defaults to `true`.",
      },
      deletion_policy: {
        type: "string",
        optional: true,
        description:
          "The `deletion_policy` of resources that have none of their own: `delete`, `untag` or `retain`. A change counts at once, also for resources that are removed in the same apply. Defaults to `delete`.",
      },
      ...processAttributes,
    },
    blocks: {
      registry_auth: registryAuthBlock,
      registry: registryBlock,
    },
  },
};

/** The blocks of one name in a provider configuration. */
export function blocks(config: ObjectValue, name: string): ObjectValue[] {
  const found = config[name];
  if (!Array.isArray(found)) return [];
  return (found as readonly Value[]).filter(
    (block): block is ObjectValue => typeof block === "object" && block !== null && !Array.isArray(block),
  );
}
