import { expect } from "vitest";
import { parseAddressPrefix } from "../../engine/credentials/address-prefix.ts";
import { parseDockerConfig } from "../../engine/credentials/docker-config.ts";
import { openPackaged, openWorkspaceFor } from "../acceptance/stage.ts";
import { type Block, blockName, extractBlocks } from "./block.ts";
import type { Handler } from "./handler.ts";
import { documents } from "./markdown.ts";

const pages = documents().filter(({ file }) => file.startsWith("docs/guides/registr"));

/** The logins of the guides to registries: provider blocks for terraform, and configurations as docker writes them. */
export const registriesHandler: Handler = {
  proves:
    "terraform finds the logins of the guides to registries valid, and docker's files lead to a login for the same hosts",
  blocks: pages.flatMap(({ file, text }) => extractBlocks(file, text)).map(blockName),
  needs: ["terraform"],
  async run(blocks) {
    const provider = await openPackaged();
    for (const block of blocks.filter(({ language }) => language === "hcl")) {
      const workspace = await openWorkspaceFor(provider);
      const variables = new Set(block.text.match(/(?<=\bvar\.)\w+/g));
      await workspace.write(
        [
          'terraform {\n  required_providers {\n    imagesync = { source = "imagesync/imagesync" }\n  }\n}\n',
          ...[...variables].map((name) => `variable "${name}" {\n  sensitive = true\n}\n`),
          block.text,
        ].join("\n"),
      );
      await workspace.must(["validate", "-no-color"]);
    }
    const files = blocks.filter(({ language }) => language === "json");
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) expectLogins(file, blocks);
    expect(blocks.filter(({ language }) => language !== "hcl" && language !== "json")).toEqual([]);
  },
};

/** Each key has a login, and belongs to the host of the provider block above it. */
function expectLogins(file: Block, blocks: readonly Block[]): void {
  const { auths = {}, credHelpers = {} } = JSON.parse(file.text) as Record<string, Record<string, unknown> | undefined>;
  const config = parseDockerConfig(file.text, blockName(file));
  const shown = blocks.find((block) => block.file === file.file && block.heading === file.heading)?.text ?? "";
  const address = parseAddressPrefix(/address += "([^"]+)"/.exec(shown)?.[1] ?? "");
  for (const key of [...Object.keys(auths), ...Object.keys(credHelpers)]) {
    const prefix = parseAddressPrefix(key);
    expect(prefix?.registry).toBe(address?.registry);
    const path = [prefix?.path, "app"].filter((part) => part !== "").join("/");
    expect([...config.candidates(prefix?.registry ?? "", path)]).not.toEqual([]);
  }
}
