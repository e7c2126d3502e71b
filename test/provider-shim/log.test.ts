import { describe, expect, test } from "vitest";

import { createLogger, levelFromEnvironment, type Logger, type LoggerOptions } from "../../provider-shim/log.ts";

function logged(write: (log: Logger) => void, options: LoggerOptions = {}): Record<string, unknown>[] {
  return lines(write, options).map((line) => JSON.parse(line) as Record<string, unknown>);
}

function lines(write: (log: Logger) => void, options: LoggerOptions = {}): string[] {
  const written: string[] = [];
  write(createLogger({ ...options, write: (line) => written.push(line) }));
  return written;
}

describe("a log line", () => {
  test("has the keys that Terraform reads, as strings", () => {
    const [line] = logged((log) => log.info("hello", { count: 3, done: true, absent: undefined }), { module: "m" });
    expect(line).toEqual({
      "@level": "info",
      "@message": "hello",
      "@module": "m",
      "@timestamp": expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
      count: "3",
      done: "true",
    });
  });

  test("is one line and JSON whatever it says", () => {
    const text = 'a\nb\r\n"c"\u0000\u2028\ud800';
    const [line] = lines((log) => log.error(text, { [text]: text }));
    expect(line).not.toContain("\n");
    expect(JSON.parse(line ?? "")).toMatchObject({ "@message": text });
  });

  test("keeps the level, message and time that Terraform interprets, whatever fields are called", () => {
    const [line] = logged((log) => log.info("real", { "@message": "fake", "@level": "error", ["__proto__"]: "x" }));
    expect(line).toMatchObject({ "@message": "real", "@level": "info", message: "fake", level: "error" });
  });

  test.each([
    ["a message", { message: "x".repeat(200_000), field: "f" }],
    ["a message of control characters", { message: "\u0001".repeat(200_000), field: "f" }],
    ["a field", { message: "m", field: "\u0001".repeat(200_000) }],
    ["a message and a field of many bytes", { message: "\u{1f980}".repeat(100_000), field: "ü".repeat(100_000) }],
  ])("stays under 64 KiB with a huge text in %s", (_what, { message, field }) => {
    const [line] = lines((log) => log.warn(message, { field }));
    expect(Buffer.byteLength(line ?? "")).toBeLessThan(64 * 1024);
    expect(JSON.parse(line ?? "")).toMatchObject({ "@level": "warn" });
  });

  test("stays under 64 KiB with a thousand fields", () => {
    const fields = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`f${index}`, "v".repeat(1000)]));
    const [line] = lines((log) => log.info("many", fields));
    expect(Buffer.byteLength(line ?? "")).toBeLessThan(64 * 1024);
    expect(JSON.parse(line ?? "")).toMatchObject({ "@message": "many", truncated: "fields" });
  });

  test("has no secret in message or fields, also one that JSON would write differently or that a cut would halve", () => {
    const secret = 'pa"ss\\word';
    const [line] = lines(
      (log) => {
        log.child({ inherited: secret }).info(`${"x".repeat(16 * 1024 - 3)}${secret}`, { own: `<${secret}>` });
      },
      { redact: (text) => text.replaceAll(secret, "***") },
    );
    expect(line).not.toContain("pa");
    expect(line).not.toContain("word");
    expect(JSON.parse(line ?? "")).toMatchObject({ inherited: "***", own: "<***>" });
  });

  test("is written from its level upwards", () => {
    const levels = logged(
      (log) => {
        for (const level of ["trace", "debug", "info", "warn", "error"] as const) log[level](level);
      },
      { level: "info" },
    );
    expect(levels.map((line) => line["@level"])).toEqual(["info", "warn", "error"]);
  });

  test("of a child has the fields of its parents, the nearest first", () => {
    const [line] = logged((log) => log.child({ a: 1, b: 1 }).child({ b: 2 }).info("m", { c: 3 }));
    expect(line).toMatchObject({ a: "1", b: "2", c: "3" });
  });
});

describe("the level", () => {
  test.each([
    [{}, "warn"],
    [{ TF_LOG: "" }, "warn"],
    [{ TF_LOG: "off" }, "warn"],
    [{ TF_LOG: "Debug" }, "debug"],
    [{ TF_LOG: "JSON" }, "trace"],
    [{ TF_LOG: "nonsense" }, "trace"],
    [{ TF_LOG: "TRACE", TF_LOG_PROVIDER: "ERROR" }, "error"],
  ])("of the environment %j is %s", (environment, level) => {
    expect(levelFromEnvironment(environment)).toBe(level);
  });
});
