/**
 * A link with latency, as a process of its own: node bench/delay-proxy.ts HOST:PORT MILLISECONDS
 * Prints the port it listens on. Bytes pass unchanged, half the round trip later in each direction, as many as
 * come: nothing is parsed and nothing waits for an answer. A connection costs one more round trip, because loopback
 * shakes hands in no time. What is on the way is limited as a TCP window does. There is no slow start and no loss.
 */
import net from "node:net";

const [target = "", roundTripText = "0"] = process.argv.slice(2);
const [host = "", port = ""] = target.split(":");
const roundTrip = Number(roundTripText);

/** Bytes on the way in one direction of one connection: half of a TCP window of 4 MiB, as the way is half of a round trip. */
const window = 2 * 1024 * 1024;

interface Piece {
  readonly due: number;
  /** Absent at the end of the stream. */
  readonly bytes?: Buffer;
}

/** Hands on what one socket says to the other, later. */
function carry(from: net.Socket, to: net.Socket, earliest: number): void {
  const onTheWay: Piece[] = [];
  let bytesOnTheWay = 0;
  let timer: NodeJS.Timeout | undefined;
  let waiting = false;

  function deliver(): void {
    timer = undefined;
    const now = performance.now();
    while (!waiting && onTheWay[0] !== undefined && onTheWay[0].due <= now) {
      const { bytes } = onTheWay.shift() as Piece;
      if (bytes === undefined) {
        to.end();
        continue;
      }
      bytesOnTheWay -= bytes.length;
      if (!to.write(bytes)) {
        waiting = true;
        to.once("drain", () => {
          waiting = false;
          deliver();
        });
      }
    }
    if (bytesOnTheWay < window && from.isPaused()) from.resume();
    const next = onTheWay[0];
    if (next !== undefined && !waiting && timer === undefined) timer = setTimeout(deliver, next.due - now);
  }

  function send(bytes?: Buffer): void {
    const due = Math.max(performance.now(), earliest) + roundTrip / 2;
    onTheWay.push(bytes === undefined ? { due } : { due, bytes });
    bytesOnTheWay += bytes?.length ?? 0;
    if (bytesOnTheWay >= window) from.pause();
    if (roundTrip === 0) deliver();
    else if (timer === undefined && !waiting) timer = setTimeout(deliver, roundTrip / 2);
  }

  from.on("data", send).once("end", () => send());
}

const options = { allowHalfOpen: true, noDelay: true };
const server = net.createServer(options, (client) => {
  const connectedAt = performance.now() + roundTrip;
  const upstream = net.connect({ host, port: Number(port), ...options });
  carry(client, upstream, connectedAt);
  carry(upstream, client, connectedAt);
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on("error", () => other.resetAndDestroy());
  }
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address !== "string") process.stdout.write(`${address.port}\n`);
});
// Whoever started it holds the other end: when that is gone, so is the link.
process.stdin.resume().once("end", () => process.exit(0));
