/**
 * The packages for CDKTF programs: bindings of the provider and the constructs on top of them, for `cdktf` in
 * dist/npm/cdktf and for its successor `cdktn` in dist/npm/cdktn.
 *
 *   --output DIR   put the folder `npm` there instead of dist
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildConstructs } from "./cdktf/build-constructs.ts";
import { OutputDirectory } from "./build/output-directory.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({ options: { output: { type: "string" } } });
const output = new OutputDirectory(resolve(values.output ?? join(root, "dist")));
const made = await buildConstructs({ root, output });
console.log(`${output.file("npm/cdktf")}, ${output.file("npm/cdktn")}: ${made ? "built" : "up to date"}`);
