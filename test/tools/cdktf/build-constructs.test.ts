import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { OutputDirectory } from "../../../tools/build/output-directory.ts";
import { buildConstructs } from "../../../tools/cdktf/build-constructs.ts";
import { compileStage } from "../../../tools/cdktf/compile-stage.ts";
import { providerDocument } from "../../../tools/cdktf/provider-document.ts";

const root = resolve(import.meta.dirname, "../../..");
let output: OutputDirectory;

beforeAll(async () => {
  output = new OutputDirectory(await mkdtemp(join(tmpdir(), "imagesync-cdktf-test-")));
  if (!(await buildConstructs({ root, output }))) throw new Error("Nothing was made in an empty directory");
});

afterAll(async () => {
  await rm(output.path, { recursive: true });
});

/** The files of a package, by their names. */
async function filesOf(library: string): Promise<ReadonlyMap<string, string>> {
  const directory = output.file(`npm/${library}`);
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    await Promise.all(
      files.sort().map(async (file) => [file.slice(directory.length + 1), await readFile(file, "utf8")] as const),
    ),
  );
}

describe("the packages for CDKTF programs", () => {
  test("are made once, and again when one is missing", async () => {
    expect(await buildConstructs({ root, output })).toBe(false);
    const before = await filesOf("cdktn");
    await rm(output.file("npm/cdktn/index.js"));
    expect(await buildConstructs({ root, output })).toBe(true);
    expect(await filesOf("cdktn")).toEqual(before);
  });

  test("are the same for both libraries but for the import", async () => {
    const [cdktf, cdktn] = [await filesOf("cdktf"), await filesOf("cdktn")];
    expect([...cdktn.keys()]).toEqual([...cdktf.keys()]);
    const library = /(from |require\(|import\()(["'])cdkt[fn]\2/g;
    for (const [name, text] of cdktf)
      expect(cdktn.get(name)?.replace(library, ""), `in ${name}`).toBe(text.replace(library, ""));
    expect([...cdktn.values()].join("\n")).not.toMatch(/(from |require\(|import\()["']cdktf["']/);
  });

  test("have declarations for all that they have code for, and lead to nothing that is not there", async () => {
    const files = await filesOf("cdktf");
    for (const name of [...files.keys()].filter((file) => file.endsWith(".js")))
      expect(files.has(name.replace(/\.js$/, ".d.ts")), `in ${name}`).toBe(true);
    for (const [name, text] of files) {
      for (const [, specifier = ""] of text.matchAll(/(?:from |require\(|import\()["'](\.[^"']+)["']/g)) {
        const target = join(name, "..", specifier);
        expect(files.has(target) || files.has(target.replace(/\.js$/, ".d.ts")), `${name}: ${specifier}`).toBe(true);
      }
    }
  });

  test("need nothing but the library and constructs, and nothing of the engine that copies", async () => {
    const files = await filesOf("cdktn");
    const needed = [...files.values()].flatMap((text) =>
      [...text.matchAll(/require\("([^."][^"]*)"\)/g)].map(([, name = ""]) => name),
    );
    expect([...new Set(needed)].sort()).toEqual(["cdktn", "node:crypto", "node:net"]);
    expect(files.get("index.js")?.length).toBeLessThan(100_000);
  });

  test("cannot be made of constructs that use what the bindings do not have", async () => {
    const stage = await mkdtemp(join(tmpdir(), "imagesync-cdktf-stage-"));
    onTestFinished(() => rm(stage, { recursive: true }));
    const folders = ["cdktf", "engine/oci", "engine/select", "engine"];
    const files = await Promise.all(
      folders.map(async (folder) => (await readdir(join(root, folder))).map((name) => `${folder}/${name}`)),
    );
    const sources = files.flat().filter((file) => file.endsWith(".ts"));
    const document = JSON.stringify(providerDocument()).replaceAll('"highest":', '"newest":');
    await expect(compileStage({ root, stage, sources, document, constraint: "~> 0.1.0" })).rejects.toThrow(
      /cdktf\/mirrored-repository\.ts.*Property 'highest' does not exist/,
    );
  });
});
