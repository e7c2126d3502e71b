import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildImage, push } from "../../support/images/index.ts";
import { openStage, type Stage } from "./stage.ts";

const MB = 1_000_000;

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await stage.close();
});

/** Small images on one base, each at a tag of its own. */
async function pushMany(count: number): Promise<string[]> {
  const present = new Set<string>();
  const tags = Array.from({ length: count }, (_, number) => `v${number}`);
  for (const tag of tags) {
    const image = buildImage({ seed: "config", layers: [{ seed: "base", size: 1000 }], annotations: { tag } });
    await push(image, { host: stage.source.host, repository: "app", tag, present });
  }
  return tags;
}

/**
 * Runs the program as a process of its own, and tells the most memory that it has used, in bytes. What it holds must fit
 * into a small heap: left to itself the runtime lets garbage grow for as long as the machine has room.
 */
async function runProcess(...words: string[]): Promise<Ran> {
  const file = stage.file("memory");
  const hook = `process.on("exit", () => process.getBuiltinModule("fs").writeFileSync(${JSON.stringify(file)}, String(process.resourceUsage().maxRSS)))`;
  const preload = `data:text/javascript,${encodeURIComponent(hook)}`;
  const child = spawn(process.execPath, ["--max-old-space-size=64", "--import", preload, "cli/main.ts", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: code as number, stdout, stderr, peakBytes: Number(await readFile(file, "utf8")) * 1024 };
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly peakBytes: number;
}

// Other tests and their registries share the machine.
const timeout = 300_000;

test(
  "two thousand images of which thirty fail: all others are in place, and memory does not grow with their number",
  { timeout },
  async () => {
    const tags = await pushMany(2000);
    const refused = new Set(tags.filter((_tag, at) => at % 66 === 7).slice(0, 30));
    stage.destination.intercept = ({ method, kind, reference }) =>
      method === "PUT" && kind === "manifest" && refused.has(reference) ? { respond: { status: 403 } } : undefined;
    const all = await stage.configure("images:", ...tags.map((tag) => stage.image("app", tag)));
    const { code, stdout, stderr, peakBytes } = await runProcess("sync", "-c", all);
    expect(code).toBe(1);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1970);
    expect(stderr).toContain("30 images failed:\n");
    for (const tag of refused) expect(stderr).toContain(`app:${tag}: `);
    const last = stderr.trimEnd().split("\n").at(-1);
    expect(last).toMatch(/^2000 images: 1970 copied, 0 unchanged, 30 failed; /);
    expect(peakBytes).toBeLessThan(300 * MB);
    stage.destination.intercept = undefined;
    const again = await runProcess("sync", "-c", all);
    expect(again.code).toBe(0);
    expect(again.stderr).toMatch(/^2000 images: 30 copied, 1970 unchanged; /m);
  },
);
