import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ImagesyncError } from "../errors.ts";
import { type DockerConfig, parseDockerConfig } from "./docker-config.ts";
import { type Environment, homeDirectory, variable } from "./environment.ts";

/** Which docker configurations are asked, and where they come from. */
export interface ConfigFileOptions {
  /** Path of a docker configuration; it must exist. */
  readonly configFile?: string | undefined;
  /** The content of a docker configuration; asked before `configFile`. */
  readonly configFileContent?: string | undefined;
  readonly environment: Environment;
}

/**
 * Loads the configurations in the order they are asked. What the user names replaces what the environment offers:
 * `DOCKER_AUTH_CONFIG` (the content), then the file of `REGISTRY_AUTH_FILE`, else `config.json` below `DOCKER_CONFIG`
 * or `~/.docker`.
 * @throws `credentials` for a file that was named and is missing, or that is broken.
 */
export async function loadConfigFiles(options: ConfigFileOptions): Promise<readonly DockerConfig[]> {
  const { configFile, configFileContent, environment } = options;
  const configs: DockerConfig[] = [];
  if (configFileContent !== undefined || configFile !== undefined) {
    if (configFileContent !== undefined)
      configs.push(parseDockerConfig(configFileContent, "the given docker configuration"));
    if (configFile !== undefined) configs.push(await readNamed(expandHome(configFile, environment)));
    return configs;
  }
  const content = variable(environment, "DOCKER_AUTH_CONFIG");
  if (content !== undefined) configs.push(parseDockerConfig(content, "DOCKER_AUTH_CONFIG"));
  const authFile = variable(environment, "REGISTRY_AUTH_FILE");
  if (authFile !== undefined) {
    configs.push(await readNamed(authFile));
    return configs;
  }
  const path = defaultPath(environment);
  const found = path === undefined ? undefined : await readIfPresent(path);
  if (found !== undefined) configs.push(found);
  return configs;
}

function defaultPath(environment: Environment): string | undefined {
  const directory = variable(environment, "DOCKER_CONFIG");
  if (directory !== undefined) return join(directory, "config.json");
  const home = homeDirectory(environment);
  return home === undefined ? undefined : join(home, ".docker", "config.json");
}

async function readNamed(path: string): Promise<DockerConfig> {
  const config = await readIfPresent(path);
  if (config !== undefined) return config;
  throw cannotRead(path, "it does not exist", "Correct the path of the configuration file");
}

async function readIfPresent(path: string): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cannotRead(path, code, "Make the file readable for this user", error);
  }
  return parseDockerConfig(text, path);
}

function expandHome(path: string, environment: Environment): string {
  const home = homeDirectory(environment);
  return home !== undefined && path.startsWith("~/") ? join(home, path.slice(2)) : path;
}

function cannotRead(path: string, why: string, hint: string, cause?: unknown): ImagesyncError {
  return new ImagesyncError({
    code: "credentials",
    operation: "read the docker configuration",
    message: `Cannot read the logins in ${path}: ${why}`,
    hint,
    cause,
  });
}
