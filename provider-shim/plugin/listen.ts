import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo, ListenOptions, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { PluginAddress } from "./handshake.ts";

/** An open address, and how to remove what it left on disk. */
export interface Listening extends PluginAddress {
  /** Synchronous, so that it also works as the last act of a process. */
  cleanUp(): void;
}

/**
 * The longest path that fits the system's socket address. Node 20 cuts longer ones silently and binds another file, Bun
 * binds one that nobody can dial.
 */
const maxSocketPathBytes = process.platform === "darwin" ? 103 : 107;

/**
 * Makes the server listen: on a unix socket in a new private directory, under the temporary directory or, where that
 * path is too long or not writable, under /tmp; on a loopback port when neither works and on Windows.
 */
export async function listen(server: Server, temporaryDirectory: string = tmpdir()): Promise<Listening> {
  if (process.platform !== "win32") {
    for (const base of new Set([temporaryDirectory, "/tmp"])) {
      const listening = await listenOnSocket(server, base);
      if (listening !== undefined) return listening;
    }
  }
  await listening(server, { host: "127.0.0.1", port: 0 });
  // A server on a port has this form of address.
  const { port } = server.address() as AddressInfo;
  return { network: "tcp", address: `127.0.0.1:${port}`, cleanUp: () => undefined };
}

async function listenOnSocket(server: Server, base: string): Promise<Listening | undefined> {
  // mkdtemp appends six characters.
  if (Buffer.byteLength(join(base, "imagesync-XXXXXX", "socket")) > maxSocketPathBytes) return undefined;
  let directory: string;
  try {
    directory = mkdtempSync(join(base, "imagesync-"));
  } catch {
    // Not writable or not there: the next place is tried.
    return undefined;
  }
  const cleanUp = (): void => rmSync(directory, { recursive: true, force: true });
  const address = join(directory, "socket");
  try {
    await listening(server, { path: address });
    return { network: "unix", address, cleanUp };
  } catch {
    // A file system without sockets: the next place is tried.
    cleanUp();
    return undefined;
  }
}

function listening(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
