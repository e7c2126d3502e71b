import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createProgress, printable } from "../../cli/progress.ts";
import type { EngineEvent } from "../../engine/index.ts";
import { Capture, terminal } from "./invoke.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const progressed: EngineEvent = { kind: "blob-progress", digest, bytes: 400, size: 1000 };
const done: EngineEvent = { kind: "blob-done", digest, size: 1000, how: "copied" };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("without a terminal", () => {
  test("each change is one line, and a blob on its way is none", () => {
    const stderr = new Capture();
    const progress = createProgress({ stderr, environment: {} }, { totalBytes: 1000, quiet: false });
    const tagged: EngineEvent = { kind: "manifest-done", digest, tag: "1.0" };
    for (const event of [progressed, done, tagged]) progress.onEvent(event);
    progress.finish();
    expect(stderr.text).toBe("blob sha256:0123456789ab copied (1.0 kB)\nmanifest sha256:0123456789ab put as 1.0\n");
  });

  test("waiting and trying again are told with their reason", () => {
    const stderr = new Capture();
    const progress = createProgress({ stderr, environment: {} }, { totalBytes: 0, quiet: false });
    progress.onEvent({ kind: "retry", operation: "get blob", attempt: 1, delayMs: 1500, reason: "503" });
    progress.onEvent({ kind: "throttled", registry: "r.example", delayMs: 200 });
    progress.onEvent({ kind: "warning", about: "mirror", message: "odd" });
    expect(stderr.text).toBe('retry of "get blob" in 1.5 s: 503\nr.example asks to wait 200 ms\nWarning: odd\n');
  });

  test("text of a registry cannot steer the terminal", () => {
    const stderr = new Capture();
    const progress = createProgress({ stderr, environment: {} }, { totalBytes: 0, quiet: false });
    progress.onEvent({ kind: "warning", about: "mirror", message: "a\u001b[2Jb\r\nc\u0007\u202ed" });
    expect(stderr.text).toBe("Warning: a [2Jb  c  d\n");
  });
});

describe("on a terminal", () => {
  test("one line moves and is taken away at the end", () => {
    const stderr = terminal();
    const progress = createProgress({ stderr, environment: {} }, { totalBytes: 1000, quiet: false });
    progress.onEvent(progressed);
    expect(stderr.text).toContain("400 B of 1.0 kB, blobs: 0 done, 1 running");
    expect(stderr.text).not.toContain("\n");
    progress.finish();
    expect(stderr.text.endsWith("\r\u001b[K")).toBe(true);
  });

  test("a thousand events at once draw one frame", () => {
    const stderr = terminal();
    const progress = createProgress({ stderr, environment: {} }, { totalBytes: 1e6, quiet: false });
    for (let bytes = 0; bytes < 1000; bytes += 1) progress.onEvent({ ...progressed, bytes });
    expect(stderr.text.split("\r").length - 1).toBe(1);
    vi.advanceTimersByTime(100);
    progress.onEvent(done);
    expect(stderr.text.split("\r").length - 1).toBe(2);
  });

  test("the line fits a narrow terminal, so that it can be drawn over", () => {
    const stderr = terminal(30);
    createProgress({ stderr, environment: {} }, { totalBytes: 1000, quiet: false }).onEvent(progressed);
    expect(stderr.text.replace("\r\u001b[K", "").length).toBeLessThan(30);
  });

  test("a terminal that says it has no width gets the usual one", () => {
    const stderr = terminal(0);
    createProgress({ stderr, environment: {} }, { totalBytes: 1000, quiet: false }).onEvent(progressed);
    expect(stderr.text).toContain("1 running");
  });

  test("more bytes than were expected do not overflow the bar", () => {
    const stderr = terminal();
    createProgress({ stderr, environment: {} }, { totalBytes: 10, quiet: false }).onEvent(progressed);
    expect(stderr.text).toContain(`[${"#".repeat(24)}]`);
  });

  test.each([{ TERM: "dumb" }, { CI: "true" }])("that cannot redraw gets lines: %j", (environment) => {
    const stderr = terminal();
    const progress = createProgress({ stderr, environment }, { totalBytes: 1000, quiet: false });
    progress.onEvent(progressed);
    progress.onEvent(done);
    expect(stderr.text).toBe("blob sha256:0123456789ab copied (1.0 kB)\n");
  });
});

test("quiet is silent, on a terminal too", () => {
  const stderr = terminal();
  const progress = createProgress({ stderr, environment: {} }, { totalBytes: 1000, quiet: true });
  progress.onEvent(progressed);
  progress.onEvent(done);
  progress.finish();
  expect(stderr.text).toBe("");
});

test("printable text is left as it is", () => {
  expect(printable("Grüße, 世界 🌍")).toBe("Grüße, 世界 🌍");
});
