import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { exchange } from "../test/support/images/index.ts";

/** A docker-registry process of its own. */
export interface BenchRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** The directory it stores in. */
  readonly storage: string;
  /** Stops the process and deletes what it stored. */
  close(): Promise<void>;
}

const program = "docker-registry";

/** Bytes that the largest scenario needs for both registries, with room to spare. */
const enoughMemory = 6 * 2 ** 30;

/** Where registries store: in memory where it is large enough, because disks would measure themselves. */
export async function storageRoot(): Promise<string> {
  try {
    const { bavail, bsize } = await statfs("/dev/shm");
    if (bavail * bsize >= enoughMemory) return "/dev/shm";
  } catch {
    // No shared memory on this system.
  }
  return tmpdir();
}

/**
 * Starts Debian's docker-registry, empty, or with a copy of what another one that is at rest has stored.
 * @throws when it does not answer.
 */
export async function startDockerRegistry({ copyOf }: { copyOf?: BenchRegistry } = {}): Promise<BenchRegistry> {
  const directory = await mkdtemp(join(await storageRoot(), "imagesync-bench-"));
  const storage = join(directory, "data");
  // Tens of thousands of small files: cp is many times faster than Node here.
  if (copyOf !== undefined) await promisify(execFile)("cp", ["-a", copyOf.storage, storage]);
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(directory, "config.yml");
  await writeFile(
    config,
    `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${storage} }, delete: { enabled: true } }
http: { addr: "${host}" }
`,
  );
  // The registry would serve its own traces and read its settings from the environment.
  const registry = spawn(program, ["serve", config], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
  });
  const close = async (): Promise<void> => {
    await stop(registry);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await answering(host, registry);
  } catch (error) {
    await close();
    throw error;
  }
  return { host, storage, close };
}

async function answering(host: string, registry: ChildProcess): Promise<void> {
  let failed: Error | undefined;
  registry.once("error", (error) => (failed = error));
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (failed !== undefined) throw new Error("docker-registry does not start", { cause: failed });
    if (registry.exitCode !== null) throw new Error(`docker-registry ended with code ${registry.exitCode}`);
    const answer = await exchange({ host }, { method: "GET", target: "/v2/" }).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
  throw new Error(`docker-registry does not answer on ${host}`);
}

async function stop(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.pid === undefined) return;
  const ended = new Promise((resolve) => {
    process.once("exit", resolve);
  });
  process.kill("SIGKILL");
  await ended;
}

/** docker-registry cannot choose a port itself. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === "string") throw new Error("No free port");
  return address.port;
}
