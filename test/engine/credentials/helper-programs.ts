import { existsSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory with credential helpers, which are real programs. */
export interface HelperPrograms {
  readonly directory: string;
  /** Leads to them and to the programs of the system. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes `docker-credential-NAME`. `$DIR` in the script is the directory. */
  add(name: string, script: string): Promise<void>;
  /** Makes one that answers with a login and writes down what it was asked. */
  addLogin(name: string, username: string, secret: string): Promise<void>;
  /** What helpers were asked for so far, one line for each call: its name, arguments and input. */
  asked(): Promise<readonly string[]>;
}

/** Makes the directory for one test. */
export async function helperPrograms(): Promise<HelperPrograms> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-helpers-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const log = join(directory, "asked");
  const add: HelperPrograms["add"] = async (name, script) => {
    const path = join(directory, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\nDIR='${directory}'\n${script}\n`);
    await chmod(path, 0o755);
  };
  return {
    directory,
    environment: { PATH: `${directory}:/usr/bin:/bin`, HOME: directory },
    add,
    addLogin: (name, username, secret) =>
      add(
        name,
        `server=$(cat); echo "${name} $* $server" >> "$DIR/asked"
cat <<'ANSWER'
${JSON.stringify({ ServerURL: "ignored", Username: username, Secret: secret })}
ANSWER`,
      ),
    asked: async () => (existsSync(log) ? (await readFile(log, "utf8")).trimEnd().split("\n") : []),
  };
}

/** Whether a process is still there; a zombie that nobody has waited for yet is not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, "utf8");
    return !/\) [ZX] /.test(status);
  } catch {
    return false;
  }
}
