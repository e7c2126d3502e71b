import type { getExitCode } from "@arethetypeswrong/cli/internal/getExitCode";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../embedded-registry/index.ts";
import { version } from "../../version.ts";
import { patient } from "../acceptance/stage.ts";
import { hostNode, hostPath } from "../support/host-node.ts";
import { buildImage, push } from "../support/images/index.ts";
import { packageDirectory, terraformProgram } from "../support/terraform/index.ts";
import { documentOf, links } from "../docs/markdown.ts";
import { newcomer, unconfigured } from "./newcomer.ts";

const run = promisify(execFile);
const place = join(packageDirectory, "npm/imagesync");
const made = process.env["CI"] === "true" || existsSync(place);
const projectPackages = resolve("node_modules");

/** What attw says. */
type Analysis = Exclude<Parameters<typeof getExitCode>[0], { types: false }>;

let directory: string;
let archive: string;

/** Runs a program on the Node of the machine, in the directory of a user who has installed the package. */
async function asUser(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const environment = { PATH: hostPath(), HOME: process.env["HOME"], ...more };
  return (await run(program, args, { cwd: directory, env: environment })).stdout;
}

describe.skipIf(!made || hostNode() === undefined)("the npm package", patient, () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-npm-"));
    await run("npm", ["pack", "--silent", "--pack-destination", directory], { cwd: place });
    archive = join(directory, `imagesync-${version()}.tgz`);
    await writeFile(join(directory, "package.json"), '{ "private": true, "type": "module" }\n');
    await asUser("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", archive]);
  });

  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  test("is made as publint asks for it", async () => {
    const { messages } = await publint({ pkgDir: place, strict: true });
    expect(messages).toEqual([]);
  });

  test("has types that every resolver of modules finds, as attw sees it", async () => {
    const program = createRequire(import.meta.url).resolve("@arethetypeswrong/cli/package.json");
    const flags = [archive, "--profile", "esm-only", "--format", "json"];
    const { stdout } = await run(process.execPath, [join(dirname(program), "dist/index.js"), ...flags], {
      maxBuffer: 2 ** 26,
    });
    const { analysis } = JSON.parse(stdout) as { readonly analysis: Analysis };
    expect(Object.keys(analysis.entrypoints)).toEqual(expect.arrayContaining([".", "./cdktf", "./cdktn"]));
    // Resolvers from before there were ES modules find none of them.
    const old: readonly string[] = ["node10", "node16-cjs"];
    const hits = analysis.problems.filter(
      (found) => !("resolutionKind" in found && old.includes(found.resolutionKind)),
    );
    expect(hits).toEqual([]);
    expect(analysis.problems.length).toBeGreaterThan(0);
  });

  test("brings nothing with it but the one package that its types speak of", async () => {
    const installed = (await readdir(join(directory, "node_modules"))).filter((name) => !name.startsWith("."));
    expect(installed.sort()).toEqual(["imagesync", "undici"]);
  });

  test("has the command line", async () => {
    expect(await asUser("npx", ["--no-install", "imagesync", "version"])).toBe(`imagesync ${version()}\n`);
  });

  test("has the engine, with types under the strictest settings, on the oldest Node", async () => {
    const registry = await startRegistry();
    onTestFinished(() => registry.close());
    const image = buildImage({ seed: "npm", layers: [1000] });
    await push(image, { host: registry.host, repository: "app", tag: "1" });
    const program = `import { createEngine, type Engine, parseReference } from "imagesync";
const [host = ""] = process.argv.slice(2);
const engine: Engine = createEngine({ registries: [{ address: host, plainHttp: true }], userAgent: "test", environment: {} });
const { digest }: { readonly digest: string } = await engine.resolve(parseReference(host + "/app:1"));
console.log(digest);
await engine.close();
`;
    await writeFile(join(directory, "program.ts"), program);
    const compilerOptions = {
      target: "es2023",
      module: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      types: ["node"],
      typeRoots: [join(projectPackages, "@types")],
    };
    await writeFile(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
    const compiled = await run(join(projectPackages, ".bin/tsc"), ["-p", directory]).catch((error: unknown) => error);
    expect(compiled).toMatchObject({ stdout: "" });
    expect(await asUser("node", ["program.js", registry.host])).toBe(`${image.digest}\n`);
  });

  test.each([["cdktf"], ["cdktn"]])("has the constructs for %s", async (library) => {
    for (const name of [library, "constructs"]) {
      const target = join(directory, "node_modules", name);
      if (!existsSync(target)) await symlink(join(projectPackages, name), target);
    }
    const program = `import(${JSON.stringify(`imagesync/${library}`)}).then((all) => console.log(typeof all.MirrorImages))`;
    expect(await asUser("node", ["--input-type=module", "--eval", program])).toBe("function\n");
  });

  test("has the documents that its first page and its errors lead to", async () => {
    const installed = join(directory, "node_modules/imagesync");
    const led = links(documentOf("README.md")).filter((target) => target.startsWith("docs/"));
    const targets = new Set([...led.map((target) => target.replace(/#.*$/, "")), "docs/config.schema.json"]);
    expect(targets.size).toBeGreaterThan(10);
    expect([...targets].filter((target) => !existsSync(join(installed, target)))).toEqual([]);
  });

  test("has the schema of configuration files", async () => {
    const schema = await readFile(join(directory, "node_modules/imagesync/config.schema.json"), "utf8");
    expect(schema).toBe(await readFile("docs/config.schema.json", "utf8"));
  });

  test.skipIf(terraformProgram === undefined)("shows the life of a resource under terraform in its demo", async () => {
    const said = await asUser("npx", ["--no-install", "imagesync", "demo"], {
      PATH: `${hostPath()}${delimiter}${dirname(terraformProgram ?? "")}`,
    });
    expect(said).toContain("7. terraform destroy takes the tag away");
    expect(said).not.toContain("Not shown");
  });

  test.skipIf(terraformProgram === undefined)(
    "brings the provider to terraform by npx imagesync provider install",
    async () => {
      const { workspace, life } = await newcomer();
      await rm(workspace.path("terraform.rc"));
      await asUser("npx", ["--no-install", "imagesync", "provider", "install"], { HOME: workspace.directory });
      const { text } = await workspace.must(["init", "-no-color"], [0], unconfigured);
      expect(text).toContain(`Installed imagesync/imagesync v${version()} (unauthenticated)`);
      await life();
    },
  );
});
