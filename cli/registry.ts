import { readFile } from "node:fs/promises";
import { Command, Option } from "commander";
import { parseLogin, parsePort } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import { UsageError } from "./usage-error.ts";

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly directory?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly htpasswd: readonly string[];
}

/** `imagesync registry serve`: the embedded registry as a server of its own. */
export function registryCommand(invocation: Invocation): Command {
  const serveCommand = new Command("serve")
    .description("serve a small OCI registry until it is stopped")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on; 0 is any free one", parsePort, 5000)
    .option("--directory <path>", "keep images in this directory (default: in memory)")
    .option("--tls-cert <file>", "serve HTTPS with this certificate, PEM")
    .option("--tls-key <file>", "private key of the certificate, PEM")
    .addOption(
      new Option("--htpasswd <user:password>", "ask for this login; may be repeated")
        .argParser((text: string, earlier: readonly string[]) => [...earlier, text])
        .default([], "everybody may do everything"),
    )
    .addHelpText("after", "\nPrints the address when it is ready. Stop it with Ctrl-C.")
    .action((flags: ServeFlags) => serve(flags, invocation));
  return new Command("registry")
    .description("a registry for tests and demonstrations")
    .helpCommand(false)
    .addCommand(serveCommand);
}

async function serve(flags: ServeFlags, { stdout, stderr, signal }: Invocation): Promise<void> {
  const { startRegistry } = await import("../embedded-registry/index.ts");
  const tls = await readTls(flags);
  const { host, port, directory, htpasswd } = flags;
  const registry = await startRegistry({
    host,
    port,
    ...(directory === undefined ? {} : { storage: { directory } }),
    ...(tls === undefined ? {} : { tls }),
    ...(htpasswd.length === 0 ? {} : { auth: { kind: "basic", users: usersOf(htpasswd) } }),
  }).catch((error: unknown) => {
    throw cannotServe(flags, error);
  });
  try {
    stdout.write(`${registry.url}\n`);
    stderr.write(`Serving images ${directory === undefined ? "from memory" : `in ${directory}`}; Ctrl-C stops\n`);
    // To be stopped is how a server ends well: it is no failure.
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await registry.close();
  }
}

function usersOf(logins: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    logins.map((text) => {
      const { username, password } = parseLogin(text, "--htpasswd");
      return [username, password];
    }),
  );
}

async function readTls({ tlsCert, tlsKey }: ServeFlags): Promise<{ cert: string; key: string } | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw cannot("only one of certificate and key was given", "Give --tls-cert and --tls-key together");
  }
  try {
    return { cert: await readFile(tlsCert, "utf8"), key: await readFile(tlsKey, "utf8") };
  } catch (error) {
    throw cannot(reasonOf(error), "Give --tls-cert and --tls-key readable files");
  }
}

function cannotServe({ host, port }: ServeFlags, error: unknown): UsageError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return cannot(`${host}:${port} is in use`, "Choose another port with --port, or 0 for any free one");
  }
  return cannot(reasonOf(error), "Check the address, the directory and the certificate");
}

function cannot(why: string, hint: string): UsageError {
  return new UsageError(`Cannot serve a registry: ${why}`, hint);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
