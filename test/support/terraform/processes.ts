import { readdirSync, readFileSync } from "node:fs";

/** Process numbers of what a process has started and what still runs. Linux only, as it reads /proc. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((entry) => statOf(entry)?.[1] === String(pid));
}

/** Whether a process runs. One that has ended and was not collected yet does not. */
export function isRunning(pid: number): boolean {
  const state = statOf(pid)?.[0];
  return state !== undefined && state !== "Z";
}

/** The most memory that a process has used so far, in bytes; undefined when it has ended. */
export function peakMemoryOf(pid: number): number | undefined {
  const status = read(`/proc/${pid}/status`);
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** State, parent and so on: the fields behind the name, which is in brackets and may hold anything. */
function statOf(pid: number): readonly string[] | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The process has ended in between.
    return undefined;
  }
}
