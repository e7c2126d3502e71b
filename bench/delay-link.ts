import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { exchange } from "../test/support/images/index.ts";

/** A registry as it is seen from afar. */
export interface DelayLink {
  readonly host: string;
  close(): Promise<void>;
}

/** Puts a round trip of so many milliseconds in front of a registry: see delay-proxy.ts. */
export async function delayLink(target: string, roundTrip: number): Promise<DelayLink> {
  const script = join(import.meta.dirname, "delay-proxy.ts");
  const proxy = spawn(process.execPath, [script, target, String(roundTrip)], { stdio: ["pipe", "pipe", "inherit"] });
  const [port] = (await once(proxy.stdout, "data")) as [Buffer];
  return {
    host: `127.0.0.1:${port.toString().trim()}`,
    close: async () => {
      const ended = once(proxy, "exit");
      proxy.stdin.end();
      await ended;
    },
  };
}

/** The median time of a request on an open connection, in milliseconds: what the link's round trip really is. */
export async function measureRoundTrip(host: string): Promise<number> {
  const times: number[] = [];
  for (let attempt = 0; attempt < 22; attempt += 1) {
    const start = performance.now();
    await exchange({ host }, { method: "GET", target: "/v2/" });
    // The first ones open the connection and warm up.
    if (attempt > 1) times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? NaN;
}

/** MB per second that some connections at once read of a blob: the most that any client can be given. */
export async function measureThroughput(host: string, path: string, connections: number): Promise<number> {
  let bytes = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: connections }, () =>
      exchange({ host }, { method: "GET", target: path, onData: (piece) => (bytes += piece.length) }),
    ),
  );
  return bytes / 1000 / (performance.now() - start);
}
