import { expect, onTestFinished } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { openWorkspaceFor } from "../acceptance/stage.ts";
import { openWorld } from "../golden/world.ts";
import { attachedProvider, block } from "../support/terraform/index.ts";
import { provoke, usualCommand } from "./failures.ts";
import type { Handler } from "./handler.ts";
import { documentOf, tableUnder } from "./markdown.ts";
import { withoutDigits } from "./newcomer.ts";

/** The document of errors and warnings. */
export const troubleshootingFile = "docs/guides/troubleshooting.md";

const guide = documentOf(troubleshootingFile);

/** The codes that have a section of their own, in its order. */
export const explainedCodes: readonly string[] = guide.prose
  .split("\n")
  .flatMap((line) => /^### (\S+)$/.exec(line)?.[1] ?? []);

/** One for each code: what it prints is provoked. */
export const failureHandlers: readonly Handler[] = explainedCodes.map((code) => ({
  proves: `the error ${code} is printed as ${troubleshootingFile} shows it`,
  blocks: [`${troubleshootingFile} > ${code} > 1`],
  needs: [],
  async run([shown]) {
    await expectPrinted(code, shown?.text);
  },
}));

/** What comes before the error tells of attempts; the exit code stands in the table. */
async function expectPrinted(code: string, shown: string | undefined): Promise<void> {
  const { code: exitCode, stderr } = await provoke(code);
  const row = tableUnder("Errors by code", guide).find(([name]) => name === `[${code}](#${code})`);
  if (exitCode !== undefined) expect(row?.[2]?.split(/[ ,]/)).toContain(`${exitCode}`);
  expect(withoutDigits(stderr.slice(stderr.indexOf("Error: ")))).toBe(shown);
}

/** The command of the samples. */
export const usualCommandHandler: Handler = {
  proves: "the errors that the guide shows are provoked with the command that it names",
  blocks: [`${troubleshootingFile} > Errors by code > 1`],
  needs: [],
  run([shown]) {
    expect(shown?.text).toBe(`${usualCommand.join(" ")}\n`);
    return Promise.resolve();
  },
};

/** How Terraform shows the same. */
export const diagnosticHandler: Handler = {
  proves: "Terraform shows an error of the engine with a title, what to do, and the facts of the request",
  blocks: [`${troubleshootingFile} > How to read an error > 1`],
  needs: ["terraform"],
  async run([shown]) {
    const users = { robot: "secret" };
    const world = await openWorld({ "docker.io": {}, "registry.example.com": { auth: { kind: "basic", users } } });
    await world.push("docker.io/library/nginx:1.29");
    const definition = createProvider({ version: "0.0.0", environment: world.environment, redactor: createRedactor() });
    const provider = await attachedProvider(definition, { protocol: 6 });
    onTestFinished(() => provider.close());
    const workspace = await openWorkspaceFor(provider);
    const [, , source = "", destination = ""] = usualCommand;
    await workspace.write(
      `terraform {\n  required_providers {\n    imagesync = { source = "imagesync/imagesync" }\n  }\n}\n${block('resource "imagesync" "nginx"', { source, destination })}`,
    );
    const { stderr } = await workspace.applyFails();
    expect(stderr.trim()).toBe(shown?.text.trim());
  },
};

/** The titles of a table, as patterns: `…` is any text. */
export function titlesUnder(heading: string): readonly { readonly title: string; readonly matches: RegExp }[] {
  const lines = guide.prose.split("\n");
  const start = lines.indexOf(`## ${heading}`);
  const end = lines.findIndex((line, at) => at > start && line.startsWith("## "));
  return lines.slice(start, end).flatMap((line) => {
    const [, title] = /^\| `([^`]+)`/.exec(line) ?? [];
    if (title === undefined) return [];
    const pattern = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("…", ".+");
    return [{ title, matches: new RegExp(`^${pattern}$`) }];
  });
}
