import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildDemoImage } from "../../cli/demo/image.ts";
import { pushImage } from "../../cli/demo/push.ts";
import { run } from "../../cli/run.ts";
import { type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { fetchTree } from "../support/images/index.ts";
import { Capture, invoke } from "./invoke.ts";

async function scratchDirectories(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`imagesync-demo-${process.pid}-`));
}

describe("the image of the demo", () => {
  let registry: RunningRegistry;

  beforeEach(async () => {
    registry = await startRegistry();
  });

  afterEach(async () => {
    await registry.close();
  });

  test("is whole, for two platforms that share a layer", async () => {
    const image = buildDemoImage("first edition");
    await pushImage(image, "1.0", { host: registry.host, repository: "web" }, new AbortController().signal);
    const tree = await fetchTree({ host: registry.host }, "web", "1.0");
    expect(tree.digest).toBe(image.index.digest);
    expect(Object.keys(tree.manifests)).toHaveLength(3);
    expect(Object.keys(tree.blobs)).toHaveLength(5);
  });

  test("is the same at every run and on every machine", () => {
    expect(buildDemoImage("first edition").index.digest).toBe(
      "sha256:47d1bf35ae2733b520026b1ac270b594f41b74e8c982a8aafe57b7ee29c16fce",
    );
    expect(buildDemoImage("second edition").index.digest).not.toBe(buildDemoImage("first edition").index.digest);
  });

  test("has layers that are tar archives with a right checksum", () => {
    for (const { mediaType, bytes, digest } of buildDemoImage("first edition").blobs) {
      expect(digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
      if (!mediaType.includes(".tar")) continue;
      const header = Buffer.from(bytes.subarray(0, 512));
      const stated = Number.parseInt(header.toString("latin1", 148, 154), 8);
      header.fill(" ", 148, 156);
      expect(stated).toBe(header.reduce((sum, byte) => sum + byte, 0));
      expect(header.toString("latin1", 257, 262)).toBe("ustar");
    }
  });
});

describe("without terraform", () => {
  test("the engine's part is shown, and one line says what is missing", async () => {
    const { code, stdout, stderr } = await invoke(["demo"], { environment: { PATH: "/nonexistent" } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("| copy: the destination does not have it");
    expect(stdout).toContain("| skip: in place");
    expect(stdout).toContain("the tag is back and holds the same digest");
    expect(stdout).toContain("Not shown: the same under terraform, because neither terraform nor tofu is on PATH");
    expect(stdout).not.toContain("\u001b");
    expect(await scratchDirectories()).toEqual([]);
  });

  test("the second copy moves nothing with two requests, and the repair moves no layer", async () => {
    const { stdout } = await invoke(["demo"], { environment: { PATH: "/nonexistent" } });
    const costs = stdout.split("\n").flatMap((line) => /^ +(.* of layers moved, \d+ requests)/.exec(line)?.[1] ?? []);
    expect(costs[0]).toMatch(/^5\.0 MB/);
    expect(costs[1]).toBe("0 B of layers moved, 2 requests");
    expect(costs[2]).toMatch(/^0 B/);
  });
});

test("--keep leaves the registries running until the stop, prints how to try them, and then cleans up", async () => {
  const controller = new AbortController();
  const stdout = new Capture();
  const kept = new Promise<void>((resolve) => {
    stdout.on("written", () => {
      if (stdout.text.includes("Ctrl-C")) resolve();
    });
  });
  const invocation = { stdout, stderr: new Capture(), environment: {}, signal: controller.signal };
  const ended = run({ ...invocation, arguments: ["demo", "--keep"] });
  await kept;
  const host = /imagesync copy --plain-http \S+ ([^/\s]+)\//.exec(stdout.text)?.[1] ?? "";
  expect((await fetchTree({ host }, "mirror/web", "1.0")).digest).toMatch(/^sha256:/);
  controller.abort();
  expect(await ended).toBe(0);
  expect(await scratchDirectories()).toEqual([]);
});

test("a stop in the middle ends with 130 and leaves no files", async () => {
  const controller = new AbortController();
  const stdout = new Capture();
  stdout.on("written", () => {
    if (stdout.text.includes("2. ")) controller.abort();
  });
  const invocation = { stdout, stderr: new Capture(), environment: {}, signal: controller.signal };
  expect(await run({ ...invocation, arguments: ["demo"] })).toBe(130);
  expect(await scratchDirectories()).toEqual([]);
});
