import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startProgram } from "./program.ts";
import { requireTool } from "./tool.ts";

/** Path of the program, or undefined: see `requireTool`. */
export const tinyproxyProgram: string | undefined = requireTool("tinyproxy");

/** The one user of the proxy; its configuration takes no password with other characters. */
export const proxyLogin = { user: "mirror", password: "pass0fTheProxy" } as const;

/** A real proxy that asks for a login. */
export interface RunningTinyproxy {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The first lines of the requests that it has got so far. */
  requests(): Promise<string[]>;
  close(): Promise<void>;
}

/** Starts one. */
export async function startTinyproxy(): Promise<RunningTinyproxy> {
  if (tinyproxyProgram === undefined) throw new Error("tinyproxy is not on PATH");
  const running = await startProgram(tinyproxyProgram, async (port, home) => {
    const file = join(home, "tinyproxy.conf");
    const lines = [
      `Port ${port}`,
      "Listen 127.0.0.1",
      "Timeout 60",
      "LogLevel Connect",
      `LogFile "${join(home, "log")}"`,
      `BasicAuth ${proxyLogin.user} ${proxyLogin.password}`,
    ];
    await writeFile(file, `${lines.join("\n")}\n`);
    return ["-d", "-c", file];
  });
  return {
    host: running.host,
    async requests() {
      const log = await readFile(join(running.directory, "log"), "utf8");
      return [...log.matchAll(/Request \(file descriptor \d+\): (.+) HTTP\/1\.1/g)].map(([, line = ""]) => line);
    },
    close: () => running.close(),
  };
}
