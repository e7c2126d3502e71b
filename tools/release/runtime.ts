import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { bunVersion, type Target } from "./target.ts";

const run = promisify(execFile);

/**
 * The Bun of a target: that among the project's packages, or one that npm brings into `directory`. It is no dependency,
 * because it would be refused on other platforms.
 * @returns path of the program @throws when npm brings another than the table of targets names
 */
export async function findRuntime({ runtime }: Target, directory: string, root: string): Promise<string> {
  const installed = join(root, "node_modules", runtime.package);
  const manifest = await readFile(join(installed, "package.json"), "utf8").catch(() => undefined);
  if (manifest !== undefined && (JSON.parse(manifest) as { version: string }).version === bunVersion) {
    return join(installed, runtime.program);
  }
  const { stdout } = await run(
    "npm",
    ["pack", "--silent", "--json", "--pack-destination", directory, `${runtime.package}@${bunVersion}`],
    { env: { ...process.env, PATH: pathOfMachine() } },
  );
  const [packed] = JSON.parse(stdout) as { readonly filename: string }[];
  const archive = await readFile(join(directory, packed?.filename.replace("@", "").replace("/", "-") ?? ""));
  checkIntegrity(archive, runtime.integrity, runtime.package);
  const file = join(directory, runtime.package.replaceAll("/", "-"));
  await writeFile(file, await fileOf(archive, `package/${runtime.program}`), { mode: 0o755 });
  return file;
}

/** npm finds the machine's configuration beside the Node it runs on: that must be the machine's, not the project's. */
function pathOfMachine(): string {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  return directories.filter((directory) => !directory.endsWith(join("node_modules", ".bin"))).join(delimiter);
}

function checkIntegrity(archive: Uint8Array, integrity: string, name: string): void {
  const found = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  if (found !== integrity) throw new Error(`${name}@${bunVersion} has integrity ${found}, not ${integrity}`);
}

/** One file of a compressed tar archive. @throws when it is not in there */
async function fileOf(archive: Uint8Array, name: string): Promise<Buffer> {
  for await (const entry of Readable.from([archive]).pipe(createGunzip()).pipe(extract())) {
    if (entry.header.name === name) return await buffer(entry);
    entry.resume();
  }
  throw new Error(`There is no ${name} in the archive`);
}
