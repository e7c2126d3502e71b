import { join } from "node:path";
import { readConfigFile, readNamedConfigFile } from "./config-file.ts";
import { type DockerConfig, parseDockerConfig } from "./docker-config.ts";
import { type Environment, homeDirectory, variable } from "./environment.ts";

/** Which docker configurations are asked, and where they come from. */
export interface ConfigFileOptions {
  /** Path of a docker configuration; it must exist. A leading `~/` is the home directory. */
  readonly configFile?: string | undefined;
  /** The content of a docker configuration; asked before `configFile`. */
  readonly configFileContent?: string | undefined;
  readonly environment: Environment;
}

/** One place of a configuration, in the words that messages use for it. */
interface Place {
  readonly what: "docker config" | "containers auth file";
  readonly path: string;
}

/**
 * Loads the configurations in the order they are asked. What the user names replaces what the environment offers, and
 * there what is named replaces what merely lies in its usual place:
 * - `IMAGESYNC_CONFIG_FILE`: that file only;
 * - else `DOCKER_AUTH_CONFIG`, the content itself, and then
 * - the file of `REGISTRY_AUTH_FILE`, else `config.json` below `DOCKER_CONFIG`, else all that exist of podman's
 *   `auth.json` (below `XDG_RUNTIME_DIR`, then below `XDG_CONFIG_HOME`), `~/.docker/config.json` and `~/.dockercfg`.
 * @throws `credentials` for a file that was named and is missing, or that is broken.
 * @see https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 */
export async function loadConfigFiles(options: ConfigFileOptions): Promise<readonly DockerConfig[]> {
  const { configFile, configFileContent, environment } = options;
  const configs: DockerConfig[] = [];
  if (configFileContent !== undefined) configs.push(parseDockerConfig(configFileContent, "the given docker config"));
  if (configFile !== undefined) configs.push(await loadConfigFile(configFile, environment));
  if (configs.length > 0) return configs;

  const ours = variable(environment, "IMAGESYNC_CONFIG_FILE");
  if (ours !== undefined) return [await loadConfigFile(ours, environment)];
  const content = variable(environment, "DOCKER_AUTH_CONFIG");
  if (content !== undefined) configs.push(parseDockerConfig(content, "DOCKER_AUTH_CONFIG"));
  const authFile = variable(environment, "REGISTRY_AUTH_FILE");
  if (authFile !== undefined) return [...configs, await readNamedConfigFile(authFile, "containers auth file")];
  for (const { path, what } of usualPlaces(environment)) {
    const config = await readConfigFile(path, what);
    if (config !== undefined) configs.push(config);
  }
  return configs;
}

/**
 * Reads a configuration that somebody has named.
 * @throws `credentials` when it is missing or broken.
 */
export function loadConfigFile(path: string, environment: Environment): Promise<DockerConfig> {
  const home = homeDirectory(environment);
  const expanded = home !== undefined && path.startsWith("~/") ? join(home, path.slice(2)) : path;
  return readNamedConfigFile(expanded, "docker config");
}

/** Reads a configuration before it is needed. @throws as {@link loadConfigFile} */
export async function checkConfigFile(path: string, environment: Environment): Promise<void> {
  await loadConfigFile(path, environment);
}

function usualPlaces(environment: Environment): Place[] {
  const directory = variable(environment, "DOCKER_CONFIG");
  // Who sets it means to see no other logins: it is how programs are kept from those of the user.
  if (directory !== undefined) return [{ what: "docker config", path: join(directory, "config.json") }];
  const home = homeDirectory(environment);
  const runtime = variable(environment, "XDG_RUNTIME_DIR") ?? containersRuntime(home);
  const config = variable(environment, "XDG_CONFIG_HOME") ?? (home && join(home, ".config"));
  const containers = [runtime, config].flatMap((base): Place[] =>
    base === undefined ? [] : [{ what: "containers auth file", path: join(base, "containers", "auth.json") }],
  );
  const docker = [join(".docker", "config.json"), ".dockercfg"].flatMap((path): Place[] =>
    home === undefined ? [] : [{ what: "docker config", path: join(home, path) }],
  );
  return [...containers, ...docker];
}

/** Where podman goes on Linux without a session. An environment without a home was not meant to lead to anybody's logins. */
function containersRuntime(home: string | undefined): string | undefined {
  const user = process.platform === "linux" ? process.getuid?.() : undefined;
  return home === undefined || user === undefined ? undefined : join("/run/containers", String(user));
}
