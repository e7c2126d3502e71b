import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A server that answers byte for byte as a test says. Use it with `await using`. */
export interface RawServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The head of each request so far, and on which connection it came, counted from 0. */
  readonly requests: readonly { readonly head: string; readonly connection: number }[];
  /** Connections that were ever made. */
  readonly connections: readonly Socket[];
}

/**
 * `answer` is asked for each request: for its number, counted from 0, and the connection it came on. `onBytes` is told
 * of whatever comes, also where it is no request.
 */
export async function startRawServer(
  answer: (request: number, socket: Socket) => unknown,
  onBytes: () => unknown = () => undefined,
): Promise<RawServer> {
  const requests: { head: string; connection: number }[] = [];
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    const connection = connections.push(socket) - 1;
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      onBytes();
      text += bytes.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const number = requests.push({ head: text.slice(0, end), connection }) - 1;
        text = text.slice(end + 4);
        void answer(number, socket);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
