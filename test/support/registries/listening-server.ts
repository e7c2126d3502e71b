import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of the tests on a free port of 127.0.0.1. */
export interface ListeningServer {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Ends all connections too. */
  close(): Promise<void>;
}

/** Lets the server listen. */
export async function listen(server: Server): Promise<ListeningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
