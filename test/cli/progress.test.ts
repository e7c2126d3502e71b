import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDisplay, createProgress, printable } from "../../cli/progress.ts";
import type { EngineEvent } from "../../engine/index.ts";
import { Capture, terminal } from "./invoke.ts";
import { Screen } from "./screen.ts";

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
    const refused = "Cannot get blob at r.example: refused";
    progress.onEvent({ kind: "retry", operation: "get blob", attempt: 2, delayMs: 2000, reason: refused });
    progress.onEvent({ kind: "throttled", registry: "r.example", delayMs: 200 });
    progress.onEvent({ kind: "warning", about: "mirror", message: "odd" });
    expect(stderr.text).toBe(
      `retry of "get blob" in 1.5 s: 503\nretry in 2.0 s: ${refused}\nr.example asks to wait 200 ms\nWarning: odd\n`,
    );
  });

  test("text of a registry cannot steer the terminal", () => {
    const stderr = new Capture();
    const progress = createProgress({ stderr, environment: {} }, { totalBytes: 0, quiet: false });
    progress.onEvent({ kind: "warning", about: "mirror", message: "a\u001b[2Jb\r\nc\u0007\u202ed" });
    expect(stderr.text).toBe("Warning: a [2Jb  c  d\n");
  });
});

describe("on a terminal", () => {
  const start = (stderr: Capture, totalBytes = 1000): ReturnType<typeof createProgress> =>
    createProgress({ stderr, environment: {} }, { totalBytes, quiet: false });
  const shown = (stderr: Capture): readonly string[] => new Screen(stderr.text).lines;
  const other = `sha256:${"fedcba9876543210".repeat(4)}`;

  test("each blob on its way has a row, and the whole has the last one", () => {
    const stderr = terminal();
    const progress = start(stderr, 3000);
    progress.onEvent(progressed);
    progress.onEvent({ kind: "blob-progress", digest: other, bytes: 500, size: 2000 });
    vi.advanceTimersByTime(300);
    expect(shown(stderr)).toEqual([
      "[========            ] sha256:0123456789ab  400 B of 1.0 kB",
      "[=====               ] sha256:fedcba987654  500 B of 2.0 kB",
      "[======              ] 900 B of at most 3.0 kB, 0 blobs",
    ]);
    progress.onEvent(done);
    vi.advanceTimersByTime(100);
    expect(shown(stderr)).toHaveLength(2);
    progress.finish();
    expect(shown(stderr)).toEqual([]);
  });

  test("speed and the time that is left are those of the last seconds", () => {
    const stderr = terminal();
    const progress = start(stderr, 100_000);
    for (let bytes = 0; bytes <= 30_000; bytes += 1000) {
      progress.onEvent({ kind: "blob-progress", digest, bytes, size: 100_000 });
      vi.advanceTimersByTime(100);
    }
    expect(shown(stderr)[0]).toMatch(/ 30\.0 kB of 100\.0 kB, 10\.\d kB\/s, 7\.0 s left$/);
  });

  test("a blob that is there at once has no row", () => {
    const stderr = terminal();
    const progress = start(stderr);
    progress.onEvent(progressed);
    vi.advanceTimersByTime(100);
    expect(shown(stderr)).toHaveLength(1);
  });

  test("the cursor is hidden while something moves, and comes back", () => {
    const stderr = terminal();
    const progress = start(stderr);
    vi.advanceTimersByTime(100);
    expect(new Screen(stderr.text).cursorHidden).toBe(true);
    progress.finish();
    expect(new Screen(stderr.text).cursorHidden).toBe(false);
  });

  test("a stop takes the rows away and gives the cursor back, at once and for good", () => {
    const stderr = terminal();
    const controller = new AbortController();
    const { signal } = controller;
    const progress = createProgress({ stderr, environment: {}, signal }, { totalBytes: 1000, quiet: false });
    progress.onEvent(progressed);
    vi.advanceTimersByTime(300);
    controller.abort();
    progress.onEvent(progressed);
    vi.advanceTimersByTime(300);
    expect(shown(stderr)).toEqual([]);
    expect(new Screen(stderr.text).cursorHidden).toBe(false);
  });

  test("there are no more rows than the terminal has lines", () => {
    const stderr = Object.assign(terminal(), { rows: 5 });
    const progress = start(stderr, 1e6);
    for (let number = 0; number < 40; number += 1) {
      const one = `sha256:${String(number).padStart(64, "0")}`;
      progress.onEvent({ kind: "blob-progress", digest: one, bytes: 1, size: 1000 });
    }
    vi.advanceTimersByTime(300);
    expect(shown(stderr)).toHaveLength(4);
  });

  test("a thousand events in a second draw ten frames", () => {
    const stderr = terminal();
    const progress = start(stderr, 1e6);
    let frames = 0;
    stderr.on("written", () => (frames += 1));
    for (let bytes = 0; bytes < 1000; bytes += 1) {
      progress.onEvent({ ...progressed, bytes });
      vi.advanceTimersByTime(1);
    }
    expect(frames).toBe(10);
  });

  test("a message stands above the rows and stays", () => {
    const stderr = terminal();
    const progress = start(stderr);
    progress.onEvent(progressed);
    vi.advanceTimersByTime(300);
    progress.onEvent({ kind: "warning", about: "mirror", message: "odd" });
    vi.advanceTimersByTime(100);
    expect(shown(stderr)[0]).toBe("Warning: odd");
    expect(shown(stderr)).toHaveLength(3);
    progress.finish();
    expect(shown(stderr)).toEqual(["Warning: odd"]);
  });

  test("nothing is drawn before something is to be done", () => {
    const stderr = terminal();
    const progress = start(stderr, 0);
    progress.onEvent({ kind: "warning", about: "mirror", message: "odd" });
    vi.advanceTimersByTime(1000);
    expect(stderr.text).toBe("Warning: odd\n");
  });

  test("the rows fit a narrow terminal, so that they can be drawn over", () => {
    const stderr = terminal(30);
    start(stderr).onEvent(progressed);
    vi.advanceTimersByTime(300);
    expect(shown(stderr).map(({ length }) => length < 30)).toEqual([true, true]);
  });

  test("a terminal that says it has no width gets the usual one", () => {
    const stderr = terminal(0);
    start(stderr).onEvent(progressed);
    vi.advanceTimersByTime(300);
    expect(shown(stderr)[0]).toContain("400 B of 1.0 kB");
  });

  test("more bytes than were expected do not overflow the bar", () => {
    const stderr = terminal();
    start(stderr, 10).onEvent(progressed);
    vi.advanceTimersByTime(100);
    expect(shown(stderr)[0]).toContain(`[${"=".repeat(20)}] 400 B`);
  });

  test.each([{ TERM: "dumb" }, { CI: "true" }])("that cannot redraw gets lines: %j", (environment) => {
    const stderr = terminal();
    const progress = createProgress({ stderr, environment }, { totalBytes: 1000, quiet: false });
    progress.onEvent(progressed);
    progress.onEvent(done);
    expect(stderr.text).toBe("blob sha256:0123456789ab copied (1.0 kB)\n");
  });
});

describe("for programs", () => {
  const display = (stderr: Capture): ReturnType<typeof createDisplay> =>
    createDisplay({ stderr, environment: {} }, { mode: "json", verbosity: "normal", logFormat: "text" });
  const objects = (stderr: Capture): unknown[] =>
    stderr.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);

  test("every change is an object of one line, a message too", () => {
    const stderr = new Capture();
    const shown = display(stderr);
    shown.planned(2, 1000);
    shown.onEvent(done);
    shown.say("warn", "odd");
    const time = "1970-01-01T00:16:40.000Z";
    expect(objects(stderr)).toEqual([
      { time, event: "planned", images: 2, bytes: 1000 },
      { time, event: "blob-done", digest, size: 1000, how: "copied" },
      { time, level: "warn", message: "odd" },
    ]);
  });

  test("a blob on its way is told of once in a second", () => {
    const stderr = new Capture();
    const { onEvent } = display(stderr);
    for (let number = 0; number < 30; number += 1) {
      onEvent({ ...progressed, bytes: number });
      vi.advanceTimersByTime(100);
    }
    expect(objects(stderr)).toHaveLength(3);
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
