import type { Schema } from "./protocol/schema.ts";
import type { ObjectValue, Value } from "./protocol/value.ts";

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
          "Path of a docker `config.json` with logins. Defaults to what docker itself would use: `DOCKER_AUTH_CONFIG`, `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG`, `~/.docker/config.json`.",
      },
      config_file_content: {
        type: "string",
        optional: true,
        sensitive: true,
        description: "The content of a docker `config.json` with logins; asked before `config_file`.",
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
      registry_auth: {
        nesting: "list",
        block: {
          description:
            "A login; of several the one with the longest matching `address` counts. It goes before logins in files.",
          attributes: {
            address: {
              type: "string",
              required: true,
              description: "`host`, `host:port` or `host/path`: which repositories the login is for.",
            },
            username: {
              type: "string",
              optional: true,
              description: "The user or robot account, together with `password`.",
            },
            password: {
              type: "string",
              optional: true,
              sensitive: true,
              description: "The password or access token. It may be an ephemeral value and never reaches the state.",
            },
            identity_token: {
              type: "string",
              optional: true,
              sensitive: true,
              description:
                "An OAuth2 refresh token, exchanged for short-lived ones, in place of `username` and `password`.",
            },
            registry_token: {
              type: "string",
              optional: true,
              sensitive: true,
              description: "A Bearer token sent to the registry as it is, in place of `username` and `password`.",
            },
            auth_disabled: {
              type: "bool",
              optional: true,
              description: "Ask this address anonymously, whatever configuration files say. Defaults to `false`.",
            },
          },
        },
      },
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
