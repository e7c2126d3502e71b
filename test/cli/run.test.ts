import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { exitCodeTable } from "../../cli/exit-codes.ts";
import { invoke } from "./invoke.ts";

describe("version", () => {
  test.each([["version"], ["--version"], ["-V"]])("%s prints the version of the package", async (word) => {
    const manifest = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    const outcome = await invoke([word]);
    expect(outcome).toEqual({ code: 0, stdout: `imagesync ${manifest.version}\n`, stderr: "" });
  });

  test("starts without loading the engine, its HTTP client or the registry", async () => {
    const script = `
      import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
      process.argv = [process.argv[0], "imagesync", "version"];
      await import(${JSON.stringify(new URL("../../cli/main.ts", import.meta.url).href)});
      console.log(JSON.stringify(loaded));
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    const [, list = "[]"] = stdout.split("\n");
    const loaded = (JSON.parse(list) as string[]).map((url) =>
      url.replace(/^.*?\/(?=cli\/|engine\/|node_modules\/)/, ""),
    );
    expect(loaded).toContain("cli/copy.ts");
    expect(loaded.filter((url) => /engine\/|embedded-registry\/|undici/.test(url))).toEqual([]);
  });
});

describe("help", () => {
  test("goes to stdout and ends with the exit codes", async () => {
    const { code, stdout, stderr } = await invoke(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.trimEnd().endsWith(exitCodeTable)).toBe(true);
  });

  test.each([[["copy"]], [["registry", "serve"]], [["demo"]]])("%j --help explains every flag", async (command) => {
    const { code, stdout } = await invoke([...command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: imagesync ${command.join(" ")}`);
    // Each flag stands in a line of its own with words after it.
    const flags = stdout.split("\n").filter((line) => /^ {2}-/.test(line));
    expect(flags.every((line) => /^ {2}\S.*? {2,}\S/.test(line))).toBe(true);
  });
});

describe("a wrong command line", () => {
  test.each([
    ["no command", [], "Usage: imagesync"],
    ["an unknown command", ["copi"], "Did you mean copy?"],
    ["an unknown flag", ["copy", "--plain-htp", "a:1", "b:1"], "Did you mean --plain-http?"],
    ["a missing argument", ["copy", "a:1"], "missing required argument 'destination'"],
    ["too many arguments", ["copy", "a:1", "b:1", "c:1"], "too many arguments"],
    ["a bad choice", ["copy", "a:1", "b:1", "-o", "yaml"], "Allowed choices are text, json"],
    ["a bad port", ["registry", "serve", "--port", "70000"], "from 0 to 65535"],
    ["a bad reference", ["copy", "UPPER", "b:1"], "Repositories are written in lower case"],
    ["a bad platform", ["copy", "a.io/a:1", "b.io/b:1", "--platform", "linux"], "os/architecture"],
    ["an empty platform", ["copy", "a.io/a:1", "b.io/b:1", "--platform", "linux/amd64,"], "values is empty"],
    ["half a TLS pair", ["registry", "serve", "--port", "0", "--tls-cert", "x"], "--tls-cert and --tls-key together"],
    ["a missing CA file", ["copy", "a.io/a:1", "b.io/b:1", "--ca-file", "/nonexistent"], "--ca-file a readable file"],
  ])("with %s exits with 64 and says what to do", async (_name, commandLine, advice) => {
    const { code, stdout, stderr } = await invoke(commandLine);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(advice);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test.each([
    ["copy", "a.io/a:1", "b.io/b:1", "--src-creds", ":canary-secret"],
    ["copy", "a.io/a:1", "b.io/b:1", "--dest-creds", "canary-secret"],
    ["registry", "serve", "--port", "0", "--htpasswd", "canary-secret"],
  ])("does not repeat a secret: %s %s %s", async (...commandLine) => {
    const { code, stdout, stderr } = await invoke(commandLine);
    expect(code).toBe(64);
    expect(`${stdout}${stderr}`).not.toContain("canary-secret");
  });
});
