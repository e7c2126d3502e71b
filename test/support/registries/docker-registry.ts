import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "./certificates.ts";
import { htpasswdLine } from "./login.ts";
import { startTokenServer, type TokenServer, type TokenServerOptions } from "./token-server.ts";
import { requireTool } from "./tool.ts";

/** How a docker-registry is started; everything has a default. */
export interface DockerRegistryOptions {
  /** Whether manifests and blobs can be deleted. Default true; its own default is false. */
  readonly deleteEnabled?: boolean;
  /** TLS with a certificate authority of its own. Default false. */
  readonly tls?: boolean;
  /** `htpasswd`: Basic with the test login; `token`: Bearer from a token server that knows the test login. */
  readonly auth?: "htpasswd" | "token";
  readonly tokens?: TokenServerOptions;
  /** Remembers blobs in memory, as its example configuration does, even when they are gone. Default false. */
  readonly memoryCache?: boolean;
  /** URL of a registry that it is a pull-through cache of: then nothing can be pushed to it. */
  readonly cacheOf?: string;
}

/** A docker-registry of its own process. */
export interface RunningDockerRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly url: string;
  readonly storageDirectory: string;
  /** PEM of the authority to trust, with TLS. */
  readonly ca?: string;
  readonly tokenServer?: TokenServer;
  readonly pid: number;
  /** Everything it has printed so far. */
  logs(): string;
  /** Ends the process and removes its directory. */
  close(): Promise<void>;
}

/** Path of the program, or undefined: see `requireTool`. */
export const dockerRegistryProgram: string | undefined = requireTool("docker-registry");

/** Starts the real docker-registry; rejects with its output when it does not come up. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<RunningDockerRegistry> {
  if (dockerRegistryProgram === undefined) throw new Error("docker-registry is not on PATH");
  const directory = await mkdtemp(join(tmpdir(), "imagesync-docker-registry-"));
  const storageDirectory = join(directory, "storage");
  const tokenServer = options.auth === "token" ? await startTokenServer(options.tokens) : undefined;
  const ca = options.tls === true ? await writeCertificates(directory) : undefined;
  await writeFile(join(directory, "htpasswd"), htpasswdLine);
  if (tokenServer !== undefined) await writeFile(join(directory, "token.crt"), tokenServer.certificate);
  const config = join(directory, "config.yml");
  // JSON is YAML, and needs no care for quotes.
  await writeFile(config, JSON.stringify(configuration(directory, storageDirectory, options, tokenServer)));

  const child = spawn(dockerRegistryProgram, ["serve", config], { stdio: ["ignore", "pipe", "pipe"] });
  async function close(): Promise<void> {
    await stop(child);
    await tokenServer?.close();
    await rm(directory, { recursive: true, force: true });
  }
  let output = "";
  try {
    const host = await address(child, (text) => (output += text));
    return {
      host,
      url: `${ca === undefined ? "http" : "https"}://${host}`,
      storageDirectory,
      ...(ca === undefined ? {} : { ca }),
      ...(tokenServer === undefined ? {} : { tokenServer }),
      pid: child.pid ?? 0,
      logs: () => output,
      close,
    };
  } catch (error) {
    await close();
    throw new Error(`docker-registry did not start:\n${output}`, { cause: error });
  }
}

function configuration(
  directory: string,
  storageDirectory: string,
  options: DockerRegistryOptions,
  tokenServer: TokenServer | undefined,
): object {
  const auth = {
    ...(options.auth === "htpasswd" ? { htpasswd: { realm: "registry", path: join(directory, "htpasswd") } } : {}),
    ...(tokenServer === undefined
      ? {}
      : {
          token: {
            realm: tokenServer.realm,
            service: tokenServer.service,
            issuer: tokenServer.issuer,
            rootcertbundle: join(directory, "token.crt"),
          },
        }),
  };
  const tls = { certificate: join(directory, "server.crt"), key: join(directory, "server.key") };
  return {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storageDirectory },
      delete: { enabled: options.deleteEnabled ?? true },
      maintenance: { uploadpurging: { enabled: false } },
      ...(options.memoryCache === true ? { cache: { blobdescriptor: "inmemory" } } : {}),
    },
    http: {
      // Any free port: the process says in its log which one it got.
      addr: "127.0.0.1:0",
      secret: "of the tests",
      ...(options.tls === true ? { tls } : {}),
    },
    ...(options.auth === undefined ? {} : { auth }),
    ...(options.cacheOf === undefined ? {} : { proxy: { remoteurl: options.cacheOf } }),
  };
}

async function writeCertificates(directory: string): Promise<string> {
  const { ca, cert, key } = await makeCertificates();
  await writeFile(join(directory, "server.crt"), cert);
  await writeFile(join(directory, "server.key"), key);
  return ca;
}

/** Resolves with the address from the line "listening on 127.0.0.1:PORT", which is printed when connections are taken. */
async function address(child: ChildProcess, onOutput: (text: string) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = "";
    const read = (chunk: Buffer): void => {
      onOutput(chunk.toString());
      seen += chunk.toString();
      const found = /listening on (127\.0\.0\.1:\d+)/.exec(seen)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`exit code ${code}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  // Not TERM: it would wait for connections that a test left open on purpose.
  child.kill("SIGKILL");
  await exited;
}
