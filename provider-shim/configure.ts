import {
  createEngine,
  type Credential,
  type Engine,
  type ExplicitCredential,
  type Redactor,
  type RegistryTransport,
} from "../engine/index.ts";
import { attributePath } from "./protocol/diagnostics.ts";
import type { Context } from "./protocol/resource.ts";
import type { Schema } from "./protocol/schema.ts";
import { isUnknown, type ObjectValue, type Value } from "./protocol/value.ts";

/** What the provider block becomes: every resource of this configuration shares the one engine. */
export interface Configured {
  readonly engine: Engine;
  /** Tags are resolved at plan, so that plans show final digests. */
  readonly resolveAtPlan: boolean;
  /** Part of the configuration is not known yet: nothing can be asked of registries. */
  readonly unknown: boolean;
}

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

/** Offline; silent about what is not known yet. */
export function validateProvider(config: ObjectValue, { diagnostics }: Context): void {
  blocks(config, "registry_auth").forEach((block, position) => {
    const path = (attribute: string): ReturnType<typeof attributePath> =>
      attributePath("registry_auth", position, attribute);
    checkAddress(block, path("address"), true);
    const secrets = ["password", "identity_token", "registry_token"] as const;
    const given = secrets.filter((name) => isGiven(block[name]));
    const disabled = block["auth_disabled"] === true;
    const undecided = [...secrets, "auth_disabled"].some((name) => isUnknown(block[name]));
    if (given.length > 1 || (disabled && given.length > 0)) {
      const rivals = [...given, ...(disabled ? ["auth_disabled"] : [])].join(", ");
      diagnostics.error(
        "Contradicting logins",
        `Only one of these can be used: ${rivals}. Remove the others.`,
        path(given.at(-1) ?? "address"),
      );
    } else if (given.length === 0 && !disabled && !undecided) {
      const detail = `The login for ${describe(block["address"])} has no secret. Give username and password, identity_token or registry_token, or set auth_disabled = true.`;
      diagnostics.error("Login without a secret", detail, path("address"));
    }
    if (isHalf(block["password"], block["username"])) {
      const missing = block["password"] === null ? "password" : "username";
      diagnostics.error(
        "Incomplete login",
        `"username" and "password" belong together. Give "${missing}" too.`,
        path(missing),
      );
    }
    for (const name of ["username", "password", "identity_token", "registry_token"]) {
      if (block[name] === "")
        diagnostics.error(`Empty ${name}`, `Give "${name}" a value, or leave it out.`, path(name));
    }
  });
  const seen = new Set<string>();
  blocks(config, "registry").forEach((block, position) => {
    const path = (attribute: string): ReturnType<typeof attributePath> =>
      attributePath("registry", position, attribute);
    checkAddress(block, path("address"), false);
    const address = block["address"];
    if (typeof address === "string" && seen.has(address)) {
      diagnostics.error(
        "Registry configured twice",
        `There is another block for ${describe(address)}. Merge the two.`,
        path("address"),
      );
    }
    if (typeof address === "string") seen.add(address);
    if (isHalf(block["client_certificate"], block["client_key"])) {
      const missing = block["client_key"] === null ? "client_key" : "client_certificate";
      const detail = `"client_certificate" and "client_key" belong together. Give "${missing}" too.`;
      diagnostics.error("Incomplete client certificate", detail, path(missing));
    }
    for (const name of ["ca_certificate", "client_certificate", "client_key"]) {
      const pem = block[name];
      if (typeof pem !== "string" || /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/.test(pem)) continue;
      const detail = `"${name}" is not in PEM form (-----BEGIN …-----). Give the content of the file, for instance by file("ca.pem").`;
      diagnostics.error("Not a PEM text", detail, path(name));
    }
    if (block["plain_http"] === true && (block["insecure_skip_verify"] === true || isGiven(block["ca_certificate"]))) {
      const detail = `Without encryption there are no certificates to check. Remove "plain_http" or the certificate settings.`;
      diagnostics.error("Contradicting transport", detail, path("plain_http"));
    }
  });
  if (config["config_file"] === "") {
    diagnostics.error(
      "Empty config_file",
      `Give the path of a docker config.json, or leave "config_file" out.`,
      attributePath("config_file"),
    );
  }
  const content = config["config_file_content"];
  if (typeof content === "string" && !isJsonObject(content)) {
    const detail = `It is not a JSON object. Give the content of a docker config.json, for instance by file("config.json").`;
    diagnostics.error("Invalid config_file_content", detail, attributePath("config_file_content"));
  }

  function checkAddress(block: ObjectValue, path: ReturnType<typeof attributePath>, mayHavePath: boolean): void {
    const address = block["address"];
    if (typeof address !== "string") return;
    const pattern = mayHavePath ? /^(?:https:\/\/)?[^\s/@?#]+(?:\/[^\s@?#]*)?$/ : /^[^\s/@?#]+$/;
    if (pattern.test(address)) return;
    const form = mayHavePath ? '"host", "host:port" or "host/path"' : '"host" or "host:port"';
    diagnostics.error("Invalid registry address", `${describe(address)} is not an address. Write it as ${form}.`, path);
  }
}

/** Present for certain: what is unknown may turn out to be null. */
function isGiven(value: Value | undefined): boolean {
  return value !== null && !isUnknown(value);
}

/** Whether one of two values that belong together is there and the other one is not. */
function isHalf(one: Value | undefined, other: Value | undefined): boolean {
  return (isGiven(one) && other === null) || (isGiven(other) && one === null);
}

/** Makes the engine of a configuration. No network, no file is touched here. */
export function configureProvider(
  config: ObjectValue,
  options: { readonly environment: NodeJS.ProcessEnv; readonly userAgent: string; readonly redactor: Redactor },
): Configured {
  const explicit = blocks(config, "registry_auth").flatMap((block): ExplicitCredential[] => {
    const address = optionalText(block, "address");
    return address === undefined ? [] : [{ address, credential: credentialOf(block) }];
  });
  const registries = blocks(config, "registry").flatMap((block): RegistryTransport[] => {
    const address = optionalText(block, "address");
    if (address === undefined) return [];
    return [
      {
        address,
        plainHttp: block["plain_http"] === true,
        insecureSkipVerify: block["insecure_skip_verify"] === true,
        caCertificate: optionalText(block, "ca_certificate"),
        clientCertificate: optionalText(block, "client_certificate"),
        clientKey: optionalText(block, "client_key"),
      },
    ];
  });
  for (const secret of secretsIn(config)) options.redactor.registerSecret(secret);
  const engine = createEngine({
    ...options,
    registries,
    credentials: {
      explicit,
      configFile: optionalText(config, "config_file"),
      configFileContent: optionalText(config, "config_file_content"),
    },
  });
  return { engine, resolveAtPlan: config["resolve_at_plan"] !== false, unknown: hasUnknown(config) };
}

function credentialOf(block: ObjectValue): Credential {
  const identityToken = optionalText(block, "identity_token");
  const registryToken = optionalText(block, "registry_token");
  const username = optionalText(block, "username");
  const password = optionalText(block, "password");
  if (identityToken !== undefined) return { kind: "identity-token", token: identityToken };
  if (registryToken !== undefined) return { kind: "registry-token", token: registryToken };
  if (username !== undefined && password !== undefined) return { kind: "basic", username, password };
  return { kind: "anonymous" };
}

/** Every sensitive value, known before the first line is logged. */
function secretsIn(config: ObjectValue): string[] {
  const auth = blocks(config, "registry_auth");
  const found = auth.flatMap((block) => ["password", "identity_token", "registry_token"].map((name) => block[name]));
  const keys = blocks(config, "registry").map((block) => block["client_key"]);
  return [...found, ...keys, config["config_file_content"]].filter(
    (value): value is string => typeof value === "string",
  );
}

function blocks(config: ObjectValue, name: string): ObjectValue[] {
  const found = config[name];
  if (!Array.isArray(found)) return [];
  return (found as readonly Value[]).filter(
    (block): block is ObjectValue => typeof block === "object" && block !== null && !Array.isArray(block),
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

function describe(address: Value | undefined): string {
  return typeof address === "string" ? JSON.stringify(address.slice(0, 100)) : "this address";
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
