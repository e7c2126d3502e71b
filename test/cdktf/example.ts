import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { builtPackage, type Configuration, type Library } from "./built.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../..");
const kubernetes = join(root, "node_modules/@cdktf/provider-kubernetes/lib");

/** A program as a user has it who has installed the package. */
interface Project {
  /** Runs the program. @returns what Terraform reads of its stack `web`, without notes for people */
  synth(environment?: Readonly<Record<string, string>>): Promise<Configuration>;
  /** Checks the program against the declarations of the package. @throws with what the compiler says */
  check(): Promise<void>;
}

/** The program of the example. */
export function exampleProgram(): Promise<string> {
  return readFile(join(root, "examples/cdktf/main.ts"), "utf8");
}

/**
 * A project with a program that is written for `cdktf`. For `cdktn` it is the same one with the imports replaced, those of
 * the bindings of Kubernetes too: there are no other ones.
 */
export async function openProject(library: Library, program: string): Promise<Project> {
  const directory = await mkdtemp(join(tmpdir(), `imagesync-${library}-`));
  onTestFinished(() => rm(directory, { recursive: true }));
  await installPackage(directory, library);
  await writeFile(join(directory, "package.json"), '{ "type": "module" }');
  await writeFile(join(directory, "main.ts"), library === "cdktf" ? program : await forCdktn(program, directory));
  return {
    async synth(environment = {}) {
      await run(process.execPath, ["main.ts"], { cwd: directory, env: { ...process.env, ...environment } });
      const text = await readFile(join(directory, "cdktf.out/stacks/web/cdk.tf.json"), "utf8");
      return withoutNotes(JSON.parse(text.replaceAll(directory, "/project"))) as Configuration;
    },
    async check() {
      const flags = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2023", "--types", "node"];
      const compiler = join(root, "node_modules/typescript/bin/tsc");
      const ways = ["--module", "nodenext", "main.ts"];
      await run(process.execPath, [compiler, ...flags, ...ways], { cwd: directory }).catch((error: unknown) => {
        throw new Error((error as { readonly stdout: string }).stdout, { cause: error });
      });
    },
  };
}

async function installPackage(directory: string, library: Library): Promise<void> {
  const modules = join(directory, "node_modules");
  await mkdir(join(modules, "imagesync"), { recursive: true });
  for (const name of [library, "constructs", "@cdktf", "@types"])
    await symlink(join(root, "node_modules", name), join(modules, name));
  await symlink(await builtPackage(library), join(modules, "imagesync", library));
  const exports = { [`./${library}`]: { types: `./${library}/index.d.ts`, default: `./${library}/index.js` } };
  await writeFile(join(modules, "imagesync/package.json"), JSON.stringify({ name: "imagesync", exports }));
}

async function forCdktn(program: string, directory: string): Promise<string> {
  const copies = join(directory, "kubernetes");
  await mkdir(copies);
  for (const [, folder = ""] of program.matchAll(/provider-kubernetes\/lib\/([^/]+)\//g)) {
    await cp(join(kubernetes, folder), join(copies, folder), {
      recursive: true,
      filter: (path) => !path.endsWith(".d.ts"),
    });
  }
  await writeFile(join(copies, "package.json"), '{ "type": "commonjs" }');
  for (const entry of await readdir(copies, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".js")) continue;
    const file = join(entry.parentPath, entry.name);
    await writeFile(file, (await readFile(file, "utf8")).replaceAll('require("cdktf")', 'require("cdktn")'));
  }
  return program
    .replaceAll('"@cdktf/provider-kubernetes/lib/', '"./kubernetes/')
    .replaceAll('"cdktf"', '"cdktn"')
    .replaceAll('"imagesync/cdktf"', '"imagesync/cdktn"');
}

function withoutNotes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNotes);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => key !== "//");
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNotes(inner)]));
}

/** What the provider of this project has to do with; what the provider of Kubernetes would do is left out. */
export function imagesyncPart({ resource, provider, terraform, ...rest }: Configuration): object {
  return {
    ...rest,
    // The file of the state is in the project, but the tests have it in a workspace of their own.
    terraform: { required_providers: onlyOurs(terraform?.required_providers as object) },
    provider: onlyOurs(provider),
    resource: onlyOurs(resource),
  };
}

function onlyOurs(types: object = {}): object {
  return Object.fromEntries(Object.entries(types).filter(([name]) => name.startsWith("imagesync")));
}
