import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { buildImage, push } from "../support/images/index.ts";

let source: RunningRegistry;
let destination: RunningRegistry;

beforeEach(async () => {
  source = await startRegistry();
  destination = await startRegistry();
  await push(buildImage({ seed: "signals", layers: [1000] }), { host: source.host, repository: "app", tag: "1" });
});

afterEach(async () => {
  await Promise.all([source.close(), destination.close()]);
});

function start(...commandLine: string[]): ReturnType<typeof spawn> {
  return spawn(process.execPath, ["cli/main.ts", ...commandLine], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Never answers for a blob; resolves when the first one was asked for. */
function holdBlobs(): { readonly asked: Promise<void>; release(): void } {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  const asked = new Promise<void>((resolve) => {
    source.intercept = ({ method, kind }) => {
      if (method !== "GET" || kind !== "blob") return undefined;
      resolve();
      return { until };
    };
  });
  return { asked, release };
}

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s in mid-copy ends the process with %d and leaves no tag", async (signal, expected) => {
  const blobs = holdBlobs();
  const child = start("copy", `${source.host}/app:1`, `${destination.host}/app:1`, "--plain-http");
  const ended = once(child, "close");
  await blobs.asked;
  child.kill(signal);
  expect(await ended).toEqual([expected, null]);
  blobs.release();
  expect(destination.requests.filter(({ method, kind }) => method === "PUT" && kind === "manifest")).toEqual([]);
});

test.each([["version"], ["--help"]])(
  "%s that cannot be written, as a disk is full, has failed and says so",
  async (word) => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, ["cli/main.ts", word], { stdio: ["ignore", full, "pipe"] });
    let stderr = "";
    child.stderr?.on("data", (text: Buffer) => (stderr += text.toString()));
    expect(await once(child, "close")).toEqual([1, null]);
    closeSync(full);
    expect(stderr).toMatch(/^Error: Cannot write the standard output: .*no space left.*\n$/);
  },
);

test("a reader of the output that goes away ends the process without a stack trace", async () => {
  const child = start("--help");
  child.stdout?.destroy();
  let stderr = "";
  child.stderr?.on("data", (text: Buffer) => (stderr += text.toString()));
  await once(child, "close");
  expect(stderr).toBe("");
});
