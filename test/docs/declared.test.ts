import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { imagesyncSchema } from "../../provider-shim/resources/imagesync/schema.ts";
import { defaults } from "../../provider-shim/resources/imagesync/state.ts";
import { foreignNames } from "../acceptance/foreign-provider.ts";
import { extractBlocks } from "./block.ts";
import { keyNames } from "./configuration.ts";
import { generatedPages, schemaNames } from "./declared.ts";
import { codeSpans, documents, root } from "./markdown.ts";

/** The texts in backticks of the documents that people have written. */
const spans = documents()
  .filter(({ file }) => !generatedPages.has(file))
  .flatMap((document) => codeSpans(document).map((span) => ({ file: document.file, span })));

test("the defaults that the pages name are those of the code", () => {
  for (const [name, value] of Object.entries(defaults)) {
    expect(imagesyncSchema.block.attributes[name]?.description).toContain(`Defaults to \`${value}\``);
  }
});

describe("names in backticks", () => {
  const source = ["engine", "provider-shim", "cli", "tools", "test/support", "Makefile"]
    .flatMap((path) => (path.includes(".") || path === "Makefile" ? [path] : filesBelow(path)))
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n");

  test("of attributes, blocks and keys are in the provider's schema, or in that of configuration files; those of metrics in the code", () => {
    const keys = keyNames();
    // Names of Terraform, of providers that guides come from, and of systems that run jobs or have tokens.
    const ofTerraform = [
      "create_before_destroy",
      "replace_triggered_by",
      "provider_installation",
      "for_each",
      "docker_image",
      "harbor_replication",
      ...foreignNames(),
    ];
    const others = new Set([
      ...ofTerraform,
      "id_tokens",
      "workload_identity_provider",
      "read_registry",
      "write_registry",
    ]);
    const named = spans.flatMap(({ file, span }) => {
      const [, name] = /^([a-z]+(?:_[a-z]+)+)(?: = .+)?$/.exec(span) ?? [];
      return name === undefined ? [] : [{ file, name }];
    });
    expect(named.length).toBeGreaterThan(10);
    const isMetric = (name: string): boolean => name.startsWith("imagesync_") && source.includes(`"${name}"`);
    const known = (name: string): boolean => schemaNames().has(name) || keys.has(name) || others.has(name);
    expect(named.filter(({ name }) => !known(name) && !isMetric(name))).toEqual([]);
  });

  test("of environment variables and annotations are used by the code, or by the blocks of their document", () => {
    // What else the SDKs of clouds read.
    const ofClouds = new Set(["AWS_ROLE_ARN"]);
    const blocks = new Map(
      documents().map(({ file, text }) => [file, extractBlocks(file, text).map((block) => block.text)]),
    );
    const named = spans.filter(({ span }) => /^(?:[A-Z]+(?:_[A-Z]+)+|CI=true|io\.imagesync\.\S+)$/.test(span));
    expect(named.length).toBeGreaterThan(3);
    const used = ({ file, span }: (typeof spans)[number]): boolean =>
      [source, ...(blocks.get(file) ?? [])].some((text) => text.includes(span.replace(/=.*/, "")));
    expect(named.filter((one) => !used(one) && !ofClouds.has(one.span))).toEqual([]);
  });
});

function filesBelow(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => /\.(?:ts|sh)$/.test(name)).map((name) => join(folder, name));
}
