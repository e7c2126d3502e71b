import { open } from "node:fs/promises";
import { ImagesyncError } from "../errors.ts";
import { type DockerConfig, maxConfigBytes, parseDockerConfig } from "./docker-config.ts";

/**
 * Reads a docker configuration; undefined when there is no such file. Messages name it `what` and the path.
 * @throws `credentials` when it can't be read or is no such configuration.
 */
export async function readConfigFile(path: string, what: string): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readBounded(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cannotRead(path, code, "Make the file readable for this user, or give the path of another one", error);
  }
  return parseDockerConfig(text, `${what} ${path}`);
}

/**
 * Reads a docker configuration that somebody has named.
 * @throws `credentials` when it does not exist, can't be read, or is no such configuration.
 */
export async function readNamedConfigFile(path: string, what: string): Promise<DockerConfig> {
  const config = await readConfigFile(path, what);
  if (config !== undefined) return config;
  throw cannotRead(path, "it does not exist", "Correct the path of the configuration file");
}

/** One byte more than is allowed, and not all of it: a mistaken path may name a device that never ends. */
async function readBounded(path: string): Promise<string> {
  const file = await open(path);
  try {
    const chunks: Buffer[] = [];
    let room = maxConfigBytes + 1;
    while (room > 0) {
      const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(Math.min(room, 64 * 1024)) });
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      room -= bytesRead;
    }
    return Buffer.concat(chunks).toString("utf8");
  } finally {
    await file.close();
  }
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
