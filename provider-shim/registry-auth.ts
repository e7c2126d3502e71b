import type { Credential, ExplicitCredential } from "../engine/index.ts";
import type { NestedBlock } from "./protocol/schema.ts";
import type { ObjectValue, Value } from "./protocol/value.ts";

/** Logins that stand for themselves, in the block and beside it. */
export const registryAuthSecrets = ["password", "identity_token", "registry_token"] as const;

/** The `registry_auth` block. */
export const registryAuthBlock: NestedBlock = {
  nesting: "list",
  block: {
    description:
      "A login; of several the one with the longest matching `address` counts, so that one registry may have several accounts. It goes before the logins of `config_file`, of the environment and of docker's own files. Within a block a password, a token or a helper goes before `config_file_content`, and that before `config_file`; a source that has no login for the address is an error.",
    attributes: {
      address: {
        type: "string",
        required: true,
        description:
          "`host`, `host:port` or `host/path`: which repositories the login is for. With `http://` in front the host is spoken to without encryption, as with `plain_http` of its `registry` block.",
      },
      username: {
        type: "string",
        optional: true,
        description:
          "The user or robot account, together with `password`. Defaults to `IMAGESYNC_REGISTRY_USER`, then `DOCKER_REGISTRY_USER`, where the block names no other login.",
      },
      password: {
        type: "string",
        optional: true,
        sensitive: true,
        description:
          "The password or access token. It may be an ephemeral value and never reaches the state. Defaults to `IMAGESYNC_REGISTRY_PASS`, then `DOCKER_REGISTRY_PASS`, where the block names no other login.",
      },
      identity_token: {
        type: "string",
        optional: true,
        sensitive: true,
        description: "An OAuth2 refresh token, exchanged for short-lived ones, in place of `username` and `password`.",
      },
      registry_token: {
        type: "string",
        optional: true,
        sensitive: true,
        description: "A Bearer token sent to the registry as it is, in place of `username` and `password`.",
      },
      credential_helper: {
        type: "string",
        optional: true,
        description:
          "A credential helper of docker to ask for the login: `ecr-login` is the program `docker-credential-ecr-login`.",
      },
      config_file: {
        type: "string",
        optional: true,
        description: "Path of a docker `config.json` or podman `auth.json` that has the login; it must exist.",
      },
      config_file_content: {
        type: "string",
        optional: true,
        sensitive: true,
        description:
          "The content of a docker `config.json` or of a Kubernetes secret (`.dockerconfigjson`, `.dockercfg`) that has the login.",
      },
      auth_disabled: {
        type: "bool",
        optional: true,
        description: "Ask this address anonymously, whatever configuration files say. Defaults to `false`.",
      },
    },
  },
};

/** The login of a block; undefined while its address is not known. */
export function registryLogin(block: ObjectValue, environment: NodeJS.ProcessEnv): ExplicitCredential | undefined {
  const address = text(block, "address");
  if (address === undefined) return undefined;
  return { address, credential: credentialOf(block, environment), origin: `registry_auth ${address}` };
}

/** The host that an address asks to speak to without encryption, by an `http://` in front. */
export function plainHttpHost(address: Value | undefined): string | undefined {
  return typeof address === "string" ? /^http:\/\/([^/]+)/i.exec(address)?.[1] : undefined;
}

/** What the environment has for blocks that name no login, or only one half of it. */
export function environmentLogin(environment: NodeJS.ProcessEnv): {
  readonly username: string | undefined;
  readonly password: string | undefined;
} {
  const first = (...names: string[]): string | undefined =>
    names.map((name) => environment[name]).find((value) => value !== undefined && value !== "");
  return {
    username: first("IMAGESYNC_REGISTRY_USER", "DOCKER_REGISTRY_USER"),
    password: first("IMAGESYNC_REGISTRY_PASS", "DOCKER_REGISTRY_PASS"),
  };
}

function credentialOf(block: ObjectValue, environment: NodeJS.ProcessEnv): ExplicitCredential["credential"] {
  const anonymous: Credential = { kind: "anonymous" };
  const identityToken = text(block, "identity_token");
  const registryToken = text(block, "registry_token");
  const helper = text(block, "credential_helper");
  const [file, content] = [text(block, "config_file"), text(block, "config_file_content")];
  const [username, password] = [text(block, "username"), text(block, "password")];
  if (block["auth_disabled"] === true) return anonymous;
  if (identityToken !== undefined) return { kind: "identity-token", token: identityToken };
  if (registryToken !== undefined) return { kind: "registry-token", token: registryToken };
  if (helper !== undefined) return { kind: "helper", name: helper };
  if (password === undefined && (file !== undefined || content !== undefined)) {
    return { kind: "docker-config", content, file };
  }
  const given = environmentLogin(environment);
  const login = { username: username ?? given.username, password: password ?? given.password };
  if (login.username === undefined || login.password === undefined) return anonymous;
  return { kind: "basic", username: login.username, password: login.password };
}

function text(block: ObjectValue, name: string): string | undefined {
  const value = block[name];
  return typeof value === "string" ? value : undefined;
}
