/**
 * Generates the bindings of the provider for CDKTF, as TypeScript, with CDKTF's own generator.
 *
 *   generate-bindings.ts DOCUMENT CONSTRAINT OUTPUT
 *
 * DOCUMENT is what the provider declares, as `terraform providers schema -json` prints it. It is a program of its own
 * because the generator asks for Terraform's version, and for an address to send its errors to, as soon as it is loaded:
 * whoever starts it says by the environment that there is neither.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
// The root of the package fails without an optional one.
import { TerraformProviderGenerator } from "@cdktf/provider-generator/lib/get/generator/provider-generator.js";

type GeneratorArguments = ConstructorParameters<typeof TerraformProviderGenerator>;
type Target = Parameters<TerraformProviderGenerator["generate"]>[0];

const [document = "", constraint = "", output = ""] = process.argv.slice(2);
// What the generator takes from other packages must be its own copy of them.
const requireThere = createRequire(import.meta.resolve("@cdktf/provider-generator/package.json"));
const { CodeMaker } = requireThere("codemaker") as { CodeMaker: new () => GeneratorArguments[0] };
const { ConstructsMakerProviderTarget, TerraformProviderConstraint } = requireThere("@cdktf/commons") as {
  ConstructsMakerProviderTarget: new (constraint: object, language: "typescript") => Target;
  TerraformProviderConstraint: new (text: string) => object;
};

const schema = JSON.parse(await readFile(document, "utf8")) as GeneratorArguments[1];
const generator = new TerraformProviderGenerator(new CodeMaker(), schema);
generator.generate(new ConstructsMakerProviderTarget(new TerraformProviderConstraint(constraint), "typescript"));
await generator.save(output);
