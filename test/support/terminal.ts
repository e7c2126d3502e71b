import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A program in a real terminal, by tmux, of a server of its own that ends with it. */
export interface TerminalSession {
  /** The lines that are to be seen, without empty ones at the end. */
  screen(): Promise<string[]>;
  cursorVisible(): Promise<boolean>;
  /** Presses keys, by tmux's names for them: `C-c`. */
  press(...keys: string[]): Promise<void>;
  /** Ends everything that runs in it. */
  close(): Promise<void>;
}

/** Starts a shell command in a terminal; what it leaves on the screen stays after its end. */
export async function openTerminal(
  command: string,
  { columns, rows, environment = {} }: TerminalOptions,
): Promise<TerminalSession> {
  const server = `imagesync-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const tmux = async (...words: string[]): Promise<string> => {
    const { stdout } = await run("tmux", ["-L", server, "-f", "/dev/null", ...words], {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], TERM: "xterm", LC_ALL: "C.UTF-8" },
    });
    return stdout;
  };
  const variables = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const size = ["-x", String(columns), "-y", String(rows)];
  await tmux("new-session", "-d", ...size, ...variables, `${command}; exec cat`);
  return {
    screen: async () => (await tmux("capture-pane", "-p")).trimEnd().split("\n"),
    cursorVisible: async () => (await tmux("display-message", "-p", "#{cursor_flag}")).trim() === "1",
    press: async (...keys) => void (await tmux("send-keys", ...keys)),
    close: async () => void (await tmux("kill-server")),
  };
}

interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly environment?: Readonly<Record<string, string>>;
}
