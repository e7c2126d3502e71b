import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { configurationFile, keysHeading, keysPart } from "./configuration.ts";
import { root } from "./markdown.ts";

test("docs/guides/configuration.md tells of every key what the reader says of it", async () => {
  const path = join(root, configurationFile);
  const [written = ""] = readFileSync(path, "utf8").split(keysHeading);
  await expect(`${written.trimEnd()}\n\n${keysPart()}`).toMatchFileSnapshot(path);
});
