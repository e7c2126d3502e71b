import { createServer, type AddressInfo } from "node:net";

/** Learns of plugin processes by the connection that each of them opens. */
export interface ProcessWatch {
  /** For the environment of the processes: TOY_WATCH. */
  readonly port: number;
  /** Waits until some process has written the line; with it the line is used up. Gives the first match. */
  line(pattern: RegExp): Promise<string>;
  /** Waits until no process is connected any more. */
  allEnded(): Promise<void>;
  close(): Promise<void>;
}

export async function watchProcesses(): Promise<ProcessWatch> {
  const lines: string[] = [];
  const open = new Set<unknown>();
  let wake: (() => void)[] = [];
  const changed = (): void => {
    const woken = wake;
    wake = [];
    for (const resolve of woken) resolve();
  };
  const change = (): Promise<void> => new Promise((resolve) => void wake.push(resolve));
  const server = createServer((socket) => {
    open.add(socket);
    let rest = "";
    socket.on("data", (chunk) => {
      const parts = (rest + chunk.toString()).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      changed();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open.delete(socket);
      changed();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    line: async (pattern) => {
      for (;;) {
        const index = lines.findIndex((line) => pattern.test(line));
        if (index >= 0) return lines.splice(index, 1)[0] ?? "";
        await change();
      }
    },
    allEnded: async () => {
      while (open.size > 0) await change();
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
