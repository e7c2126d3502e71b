import type { Schema } from "./protocol/schema.ts";
import type { ObjectValue, Value } from "./protocol/value.ts";
import { registryAuthBlock } from "./registry-auth.ts";

/** The provider block. */
export const providerSchema: Schema = {
  version: 0,
  block: {
    description: "Copies container images between registries and pins them by digest.",
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
    },
    blocks: {
      registry_auth: registryAuthBlock,
      registry: {
        nesting: "list",
        block: {
          description: "How a registry is reached when HTTPS with the system's certificates is not enough.",
          attributes: {
            address: { type: "string", required: true, description: "`host` or `host:port`." },
            plain_http: {
              type: "bool",
              optional: true,
              description: "Speak HTTP without encryption. It is never tried unless asked for. Defaults to `false`.",
            },
            insecure_skip_verify: {
              type: "bool",
              optional: true,
              description: "Accept any certificate. Defaults to `false`.",
            },
            ca_certificate: {
              type: "string",
              optional: true,
              description: "PEM text of certificates to trust besides the system's.",
            },
            client_certificate: {
              type: "string",
              optional: true,
              description: "PEM text of the certificate to show, together with `client_key`.",
            },
            client_key: {
              type: "string",
              optional: true,
              sensitive: true,
              description: "PEM text of the key of `client_certificate`.",
            },
          },
        },
      },
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
