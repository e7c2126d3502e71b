import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** How a program is run in a root directory of its own. */
export interface OtherRootOptions {
  /** All that its environment has. */
  readonly environment: Readonly<Record<string, string>>;
  /** Number of its user and group. @default 0 */
  readonly user?: number;
  /** Where it starts. @default "/" */
  readonly workDirectory?: string;
  /** Nothing can be written but in these directories, which are empty, as `emptyDir` is in a pod. @default all of it can */
  readonly writable?: readonly string[];
}

/**
 * Whether programs can be run in another root directory, which takes the rights of root; who has not is told which tests
 * are passed over. @throws with CI=true, where a skipped test would look like a passed one
 */
export function requireRoot(tests: string): boolean {
  if (process.getuid?.() === 0) return true;
  const reason = `${tests}: needs the rights of root, to run programs in another root directory`;
  if (process.env["CI"] === "true") throw new Error(reason);
  process.stderr.write(`Skipped, ${reason}\n`);
  return false;
}

/** Only /proc is mounted: every container has it, and the runtime reads the limits of its stack there. */
const script = `
set -e
root=$1 user=$2 work=$3 writable=$4
shift 4
if [ "$writable" != all ]; then
  mount --bind "$root" "$root"
  mount -o remount,bind,ro "$root"
  for directory in $writable; do mount -t tmpfs -o mode=1777 tmpfs "$root$directory"; done
fi
mount -t proc proc "$root/proc"
exec env -i "$@"`;

/** Runs a program with the directory as its root, in which there has to be `proc`. @returns what it prints */
export async function runInRoot(
  root: string,
  command: readonly string[],
  { environment, user = 0, workDirectory = "/", writable }: OtherRootOptions,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const settings = [root, String(user), workDirectory, writable?.join(" ") ?? "all"];
  const ids = ["--setuid", String(user), "--setgid", String(user)];
  const inside = ["/usr/bin/unshare", "--root", root, "--wd", workDirectory, ...ids, ...command];
  return await run("unshare", ["--mount", "sh", "-c", script, "sh", ...settings, ...variables, ...inside], {
    maxBuffer: 2 ** 26,
  });
}
