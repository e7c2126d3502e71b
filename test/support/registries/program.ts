import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A server program that runs for a test, in a directory of its own. */
export interface RunningProgram {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly directory: string;
  /** Ends the process and removes its directory. */
  close(): Promise<void>;
}

/** So many looks whether it answers, 20 ms apart. */
const maxLooks = 500;

/**
 * Starts a server that must be told its port: a free one is chosen for it. `prepare` writes its configuration and
 * returns its arguments. Rejects with its output when it ends before it takes connections.
 */
export async function startProgram(
  program: string,
  prepare: (port: number, directory: string) => Promise<readonly string[]>,
): Promise<RunningProgram> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-program-"));
  const port = await freePort();
  const child = spawn(program, await prepare(port, directory), { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
  const ended = once(child, "exit").catch((error: unknown) => (output += String(error)));
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  for (let looks = 0; !(await takesConnections(port)); looks += 1) {
    if (looks === maxLooks || child.exitCode !== null || child.pid === undefined) {
      await close();
      throw new Error(`${program} did not start:\n${output}`);
    }
    await pause(20);
  }
  return { host: `127.0.0.1:${port}`, directory, close };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // Not yet.
    return false;
  } finally {
    socket.destroy();
  }
}
