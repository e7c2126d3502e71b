import { execFile } from "node:child_process";
import { access, mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot } from "./cache.ts";
import { debianArchive, unpackDebianPackages } from "./debian-packages.ts";
import type { Tags } from "./fixtures.ts";
import { readLayout } from "./image-layout.ts";

const run = promisify(execFile);

const folder = join(cacheRoot, "root-filesystem");
const layout = join(folder, "layout");

/**
 * A real image: Debian's smallest system, and a second layer with its documentation once more. Made once, then kept
 * in the cache. Its digest differs from machine to machine, its size hardly. @throws without root or network.
 */
export async function rootFilesystem(): Promise<Tags> {
  if (!(await exists(layout))) await build();
  return new Map([["v1", await readLayout(layout)]]);
}

async function build(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("debootstrap needs root");
  await rm(folder, { recursive: true, force: true });
  const { uri, release } = await debianArchive();
  const tools = join(folder, "tools");
  await unpackDebianPackages(release, ["debootstrap", "umoci"], tools);
  const system = join(folder, "system");
  await mkdir(system);
  const env = { ...process.env, DEBOOTSTRAP_DIR: join(tools, "usr/share/debootstrap") };
  const debootstrap = join(tools, "usr/sbin/debootstrap");
  const quiet = { env, maxBuffer: 64 * 2 ** 20 };
  await run(debootstrap, ["--variant=minbase", release, system, uri], quiet);

  const umoci = join(tools, "usr/bin/umoci");
  const partial = `${layout}.partial`;
  const image = `${partial}:v1`;
  await run(umoci, ["init", "--layout", partial]);
  await run(umoci, ["new", "--image", image]);
  await run(umoci, ["insert", "--image", image, system, "/"], quiet);
  await run(umoci, ["insert", "--image", image, join(system, "usr/share"), "/opt/share"], quiet);
  await run(umoci, ["gc", "--layout", partial]);
  await rm(system, { recursive: true, force: true });
  await rename(partial, layout);
}

/** True when the layout is whole: it is renamed to its place at the end. */
async function exists(path: string): Promise<boolean> {
  return access(join(path, "index.json")).then(
    async () => (await readFile(join(path, "index.json"))).length > 0,
    () => false,
  );
}
