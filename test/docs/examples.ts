import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { blockName, extractBlocks } from "./block.ts";
import type { Handler } from "./handler.ts";
import { documents, root } from "./markdown.ts";

const blocks = documents(join(root, "examples")).flatMap(({ file, text }) => extractBlocks(file, text));
const ofModules = blocks.filter(({ file }) => file.startsWith("examples/modules/"));
const ofExamples = blocks.filter((block) => !ofModules.includes(block));

/** The documents of the examples. test/examples runs their command and compares what they show of its output. */
export const examplesHandler: Handler = {
  proves: "each document of an example has the one command that the test of the examples runs, and its output only",
  blocks: ofExamples.map(blockName),
  needs: [],
  run(claimed) {
    for (const file of new Set(claimed.map((block) => block.file))) {
      const [first, ...others] = claimed.filter((block) => block.file === file);
      expect({ file, language: first?.language, text: first?.text }).toEqual({
        file,
        language: "sh",
        text: "./run.sh\n",
      });
      expect(others.filter(({ language }) => language !== "text").map(blockName)).toEqual([]);
    }
    return Promise.resolve();
  },
};

/** How modules are used: by the example of the same name, which is run. */
export const modulesHandler: Handler = {
  proves: "what the document of a module shows is part of the example of the same name",
  blocks: ofModules.map(blockName),
  needs: [],
  run(claimed) {
    for (const { file, language, text } of claimed) {
      const name = file.split("/")[2] ?? "";
      expect(language).toBe("hcl");
      expect(readFileSync(join(root, "examples", name, "main.tf"), "utf8")).toContain(text);
    }
    return Promise.resolve();
  },
};
