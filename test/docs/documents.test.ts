import { describe, expect, test } from "vitest";
import { patient } from "../acceptance/stage.ts";
import { requireTool } from "../support/registries/index.ts";
import { type Block, blockName, extractBlocks } from "./block.ts";
import type { Handler } from "./handler.ts";
import { exclusions, handlers } from "./handlers.ts";
import { documents } from "./markdown.ts";
import { newDirectory } from "./newcomer.ts";
import { runScript } from "./shell.ts";

const blocks = documents().flatMap(({ file, text }) => extractBlocks(file, text));
const byName = new Map(blocks.map((block) => [blockName(block), block]));
const excluded = exclusions.filter(({ part }) => part === undefined).map(({ block }) => block);

describe("every block of the documents", () => {
  test("is executed by one handler, or stands among the exclusions with a reason", () => {
    const claims = [...handlers.flatMap((handler) => handler.blocks), ...excluded];
    const unclaimed = blocks.filter((block) => !claims.includes(blockName(block)));
    expect(unclaimed.map((block) => `${block.file}:${block.line} is claimed by nobody: ${blockName(block)}`)).toEqual(
      [],
    );
    expect(claims.filter((name, position) => claims.indexOf(name) !== position)).toEqual([]);
  });

  test("is still there when a handler or an exclusion names it", () => {
    const named = [...handlers.flatMap((handler) => handler.blocks), ...exclusions.map(({ block }) => block)];
    expect(named.filter((name) => !byName.has(name))).toEqual([]);
  });

  test("says its language", () => {
    expect(blocks.filter(({ language }) => language === "").map(blockName)).toEqual([]);
  });

  test("holds only what a terminal and a file can take: no tabs, no prompts, no trailing spaces", () => {
    const odd = blocks.filter(({ text, language }) =>
      text.split("\n").some((line) => /\t|\s$/.test(line) || (language === "sh" && /^[$#>] /.test(line))),
    );
    expect(odd.map(blockName)).toEqual([]);
  });
});

describe("blocks in HCL", () => {
  const terraform = requireTool("terraform");
  // The command line configuration has a grammar of its own, which only terraform itself reads.
  const configurations = blocks.filter(
    ({ language, text }) => ["hcl", "terraform"].includes(language) && !text.startsWith("# dev.tfrc\n"),
  );

  test.skipIf(terraform === undefined)("are valid, and formatted as terraform fmt would", async () => {
    const home = await newDirectory();
    expect(configurations.length).toBeGreaterThan(0);
    for (const block of configurations) {
      const result = await runScript("terraform fmt -check -diff -no-color -", { home, input: block.text });
      expect({ block: blockName(block), ...result }).toMatchObject({ block: blockName(block), code: 0, stderr: "" });
    }
  });
});

describe("the documents are executed", patient, () => {
  const possible = handlers.filter(({ needs }) => needs.every((tool) => requireTool(tool) !== undefined));

  // Titles by %s: the other form cuts them short.
  test.each(possible.map(titled))("%s", async (_, handler) => {
    await expectToRun(handler);
  });

  const impossible = handlers.filter((handler) => !possible.includes(handler));

  test.skipIf(impossible.length > 0).each(impossible.map(titled))("%s", async (_, handler) => {
    await expectToRun(handler);
  });

  test("but for what stands here", () => {
    for (const { block, part, reason } of exclusions) {
      expect(reason).toMatch(/^[a-z].{30,}$/);
      process.stdout.write(`not executed: ${block}${part === undefined ? "" : ` (${part})`}: ${reason}\n`);
    }
  });
});

function titled(handler: Handler): [string, Handler] {
  return [handler.proves, handler];
}

async function expectToRun(handler: Handler): Promise<void> {
  const claimed = handler.blocks.map((name) => byName.get(name)).filter((block): block is Block => block !== undefined);
  expect(claimed.map(blockName)).toEqual(handler.blocks);
  await handler.run(claimed);
}
