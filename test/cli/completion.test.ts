import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { invoke } from "./invoke.ts";

describe("what a shell asks", () => {
  test.each([
    ["a command", ["cop"], ["copy"]],
    ["a command below another", ["registry", ""], ["serve"]],
    ["a flag", ["copy", "--dest-pl"], ["--dest-plain-http"]],
    ["the choices of a flag", ["copy", "--output", ""], ["text", "json"]],
    ["the choices of an argument", ["completion", "p"], ["powershell"]],
    ["nothing for a word that starts no command", ["nothing-like-it"], []],
  ])("%s", async (_name, words, expected) => {
    const { code, stdout, stderr } = await invoke(["complete", "--", ...words]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.at(-1)).toBe(":4");
    expect(lines.slice(0, -1).map((line) => line.split("\t")[0])).toEqual(expected);
  });

  test("files are left to the shell", async () => {
    expect(await invoke(["complete", "--", "copy", "--ca-file", ""])).toMatchObject({ code: 0, stdout: ":0\n" });
    expect(await invoke(["complete", "--", "convert", "-o", ""])).toMatchObject({ code: 0, stdout: ":0\n" });
  });

  test("the commands for completion itself are not offered", async () => {
    const { stdout } = await invoke(["complete", "--", "comple"]);
    expect(stdout).toMatch(/^completion\t.*\n:4\n$/);
  });
});

test.each(["bash", "zsh", "fish", "powershell"])("there is a script for %s", async (shell) => {
  const { code, stdout } = await invoke(["completion", shell]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/imagesync complete '?--/);
});

test("another shell is a mistake that names those there are", async () => {
  const { code, stderr } = await invoke(["completion", "tcsh"]);
  expect(code).toBe(64);
  expect(stderr).toContain("bash, zsh, fish, powershell");
});

describe("in a bash without the package bash-completion", () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-completion-"));
    await mkdir(join(directory, "bin"));
    const program = join(directory, "program.sh");
    const main = new URL("../../cli/main.ts", import.meta.url).pathname;
    await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`, { mode: 0o755 });
    await symlink(program, join(directory, "bin/imagesync"));
  });

  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  /** What bash would offer for these words, whose last one is being typed. */
  async function offered(...words: string[]): Promise<string[]> {
    const script = `
      set -e
      source <(imagesync completion bash)
      source <(imagesync completion bash)
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      set +e
      __imagesync_complete 2>/dev/null
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const environment = { PATH: `${join(directory, "bin")}:${process.env["PATH"] ?? ""}` };
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script, "bash", ...words], {
      env: environment,
    });
    return stdout.split("\n").filter((line) => line !== "");
  }

  test("the script can be loaded twice, and completes commands, flags and choices", async () => {
    expect(await offered("imagesync", "dig")).toEqual(["digest"]);
    expect(await offered("imagesync", "copy", "--requ")).toEqual(["--required-platform"]);
    expect(await offered("imagesync", "copy", "--output", "")).toEqual(["text", "json"]);
  });

  test("nothing that was typed is run", async () => {
    const file = join(directory, "typed");
    expect(await offered("imagesync", "copy", `$(touch ${file})`, ";touch", file, "--requ")).toEqual([
      "--required-platform",
    ]);
    await expect(access(file)).rejects.toThrow("ENOENT");
  });
});
