import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { exitCodes, exitCodeTable } from "../../cli/exit-codes.ts";
import { createProgram } from "../../cli/program.ts";
import { Capture } from "../cli/invoke.ts";
import { extractBlocks } from "./block.ts";
import { dryRun } from "./make-commands.ts";
import { codeSpans, documentOf, documents, root, tableUnder } from "./markdown.ts";

const all = documents();

/** What readers are told to type: spans in backticks, and the lines of blocks in sh. */
const typed = all.flatMap((document) => [
  ...codeSpans(document),
  ...extractBlocks(document.file, document.text)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.split("\n")),
]);

describe("commands of imagesync", () => {
  const program = createProgram({
    arguments: [],
    stdout: new Capture(),
    stderr: new Capture(),
    environment: {},
    signal: new AbortController().signal,
  });
  const commands = leaves(program);
  const said = typed.flatMap((text) => {
    const [, words] = /(?:^|[\s(]|dist\/)imagesync ((?:[a-z]+ ?)+)/.exec(text) ?? [];
    return words === undefined ? [] : [words.trim()];
  });

  test("that the help lists stand in docs/guides/command-line.md, and no others", () => {
    const rows = tableUnder("Command line", documentOf("docs/guides/command-line.md")).map(([name]) => name);
    expect(new Set(rows)).toEqual(new Set([...commands.keys()].map((name) => `\`imagesync ${name}\``)));
  });

  test("that a document names exist", () => {
    expect(said.length).toBeGreaterThan(5);
    expect(said.filter((words) => ![...commands.keys()].some((name) => `${words} `.startsWith(`${name} `)))).toEqual(
      [],
    );
  });

  test("have the flags that a document gives them", () => {
    const flags = new Set([...commands.values()].flatMap(({ options }) => options.map(({ long }) => long)));
    flags.add("--help");
    // Lines with another program's flags name that program; a flag alone in backticks is one of ours.
    const ours = typed.filter((text) => /(?:^|[\s(]|dist\/)imagesync [a-z]/.test(text) || text.startsWith("--"));
    const named = ours.flatMap((text) => text.match(/(?<=^| )--[a-z][a-z-]+/g) ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((flag) => !flags.has(flag))).toEqual([]);
  });

  test("end with the exit codes that are documented", () => {
    const rows = tableUnder("Exit codes", documentOf("docs/guides/command-line.md"));
    expect(rows.map(([code]) => Number(code))).toEqual(Object.values(exitCodes));
    const printed = exitCodeTable.split("\n").slice(1);
    expect(printed.map((line) => /^ +(\d+) +(.*)$/.exec(line)?.slice(1))).toEqual(rows);
  });
});

describe("targets of make", () => {
  const makefile = readFileSync(join(root, "Makefile"), "utf8");
  const targets = [...makefile.matchAll(/^([a-z][a-z-]*):(?!=)/gm)].map(([, target = ""]) => target);
  const said = new Set(typed.flatMap((text) => /^make ([a-z-]+)$/.exec(text)?.[1] ?? []));

  test("that a document names exist, and what they would run is known to make", async () => {
    expect(said.size).toBeGreaterThan(5);
    for (const target of said) {
      expect(targets).toContain(target);
      await expect(dryRun(target)).resolves.not.toEqual([]);
    }
  });

  test("stand in CONTRIBUTING.md, all of them", () => {
    const rows = tableUnder("Commands", documentOf("CONTRIBUTING.md")).map(([name]) => name);
    expect(new Set(rows)).toEqual(new Set(targets.map((target) => `\`make ${target}\``)));
  });

  test("run what the README has them for", async () => {
    expect(await dryRun("demo")).toEqual([...(await dryRun("build")), "./dist/imagesync demo"]);
    expect((await dryRun("test")).at(-1)).toBe("vitest run");
    expect((await dryRun("build")).at(-1)).toBe("node tools/build.ts");
  });

  test("that do all of the work are what CI runs", async () => {
    const ci = readFileSync(join(root, ".ci/run"), "utf8");
    const inCi = [...ci.matchAll(/\bmake ([a-z-]+)$/gm)].map(([, target = ""]) => target);
    const parts = await Promise.all(inCi.map(dryRun));
    expect(new Set(parts.flat())).toEqual(new Set(await dryRun("ok")));
  });
});

/** Commands that do something and that the help shows, by their names without that of the program. */
function leaves(command: Command, name = ""): Map<string, Command> {
  if (command.commands.length === 0) return new Map([[name, command]]);
  return new Map(
    command
      .createHelp()
      .visibleCommands(command)
      .flatMap((each) => [...leaves(each, `${name} ${each.name()}`.trim())]),
  );
}
