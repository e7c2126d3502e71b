import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildImage, push } from "../../support/images/index.ts";
import { requireTool } from "../../support/registries/index.ts";
import { openTerminal, type TerminalSession } from "../../support/terminal.ts";
import { openStage, type Stage } from "./stage.ts";

/** Other tests share the machine. */
const patience = { timeout: 30_000, interval: 50 };

let stage: Stage;
let terminal: TerminalSession | undefined;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await terminal?.close();
  terminal = undefined;
  await stage.close();
});

/** Three images; of each the layer comes to a halt in the middle, until the registries are closed. */
async function halted(): Promise<string> {
  for (const [tag, size] of [
    ["1", 3_000_000],
    ["2", 5_000_000],
    ["3", 8_000_000],
  ] as const) {
    await push(buildImage({ seed: tag, layers: [size] }), { host: stage.source.host, repository: "app", tag });
  }
  const images = ["1", "2", "3"].map((tag) => stage.image("app", tag));
  const file = await stage.configure("images:", ...images, stage.image("none", "1"));
  stage.source.intercept = ({ method, kind }) =>
    method === "GET" && kind === "blob" ? { stallAfterBytes: 1_600_000 } : undefined;
  return file;
}

/** What is different at every run: ports, digests, how fast it was, and how far it got before it came to its halt. */
const steady = (line: string): string =>
  line
    .replace(/127\.0\.0\.1:\d+/g, "HOST")
    .replace(/sha256:[0-9a-f]{12}/g, "sha256:DIGEST")
    .replace(/, [\d.]+ [kM]?B\/s.*$/, "")
    .replace(/^\[=* *\]/, "[===      ]")
    .replace(/[\d.]+ [kM]?B of/, "SOME of")
    .replace(/\(\d+ requests?, .*\)/, "(COST)");

const start = async (file: string, environment: Record<string, string> = {}): Promise<TerminalSession> =>
  await openTerminal(`"${process.execPath}" cli/main.ts sync -c "${file}" -o json >/dev/null; echo "ended with $?"`, {
    columns: 200,
    rows: 12,
    environment,
  });

/** The rows of blobs stand in the order in which they have begun. */
const sorted = (lines: string[]): string[] => {
  const rows = lines.map(steady);
  const isRow = (line: string): boolean => line.includes("sha256:");
  return [...rows.filter((row) => !isRow(row)).slice(0, -1), ...rows.filter(isRow).toSorted(), ...rows.slice(-1)];
};

const golden = async (name: string): Promise<string[]> =>
  (await readFile(new URL(`./screens/${name}.txt`, import.meta.url), "utf8")).trimEnd().split("\n");

describe.skipIf(requireTool("tmux") === undefined)("in a real terminal", () => {
  test("a sync looks as its golden screen while it runs, and leaves a clean one when it is stopped", async () => {
    terminal = await start(await halted());
    const shown = terminal;
    const running = await golden("running");
    await expect.poll(async () => sorted(await shown.screen()), patience).toEqual(running);
    expect(await shown.cursorVisible()).toBe(false);
    await shown.press("C-c");
    const stopped = await golden("stopped");
    await expect.poll(async () => (await shown.screen()).map(steady), patience).toEqual(stopped);
    expect(await shown.cursorVisible()).toBe(true);
  });

  test("that is dumb gets lines", async () => {
    const file = await halted();
    stage.source.intercept = undefined;
    terminal = await start(file, { CI: "true" });
    const shown = terminal;
    await expect.poll(async () => (await shown.screen()).at(-1), patience).toBe("ended with 1");
    const lines = (await shown.screen()).map(steady);
    expect(lines).toContain("copied HOST/app:1 -> HOST/app:1 (3.0 MB)");
    expect(lines.at(-2)).toBe("4 images: 3 copied, 0 unchanged, 1 failed; 6 blobs copied, 16.0 MB moved (COST)");
  });
});
