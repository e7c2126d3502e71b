import { chmod, copyFile, link, mkdir, mkdtemp, open, rename, rm, writeFile, type FileHandle } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { version as ownVersion } from "../../version.ts";
import { printable } from "../printable.ts";
import { UsageError } from "../usage-error.ts";
import { obstacles } from "./obstacles.ts";
import { pluginDirectory, type Environment } from "./plugin-directory.ts";
import { findProgram, interpreterFile, type ProgramFile } from "./program-files.ts";

/** What is installed, and where. */
export interface InstallOptions {
  /** A file of a release; what came with this program when absent. */
  readonly archive?: string | undefined;
  /** Directory of plugins; that of Terraform in the user's home when absent. */
  readonly directory?: string;
  /** Says where the home is. */
  readonly environment: Environment;
}

/** What has been installed. */
export interface Installed {
  readonly version: string;
  /** A file or a directory for each registry that the provider is looked up by. */
  readonly places: readonly string[];
  /** Why it is not what Terraform will take, a sentence each. */
  readonly warnings: readonly string[];
}

type Placed = Pick<Installed, "version" | "places">;

/** The registries whose names stand in for none: Terraform completes `imagesync/imagesync` by the one, OpenTofu by the other. */
const hosts = ["registry.terraform.io", "registry.opentofu.org"];

const archiveName = /^terraform-provider-imagesync_(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)_[a-z]+_[a-z0-9]+\.zip$/;

/**
 * Puts the provider into the mirror that terraform and tofu look into by themselves. What was there of the same
 * version is replaced, in one step; programs that run it keep theirs.
 * @throws UsageError when there is nothing to install, or no place for it
 */
export async function installProvider(options: InstallOptions): Promise<Installed> {
  const { archive, directory, environment } = options;
  if (directory === "") throw cannot("--directory is empty", "Name a directory, or leave the flag out");
  const plugins = resolve(directory ?? (await pluginDirectory(environment)));
  const shelves = hosts.map((host) => join(plugins, host, "imagesync", "imagesync"));
  try {
    const placed = await (archive === undefined ? installProgram(shelves) : installArchive(resolve(archive), shelves));
    // Whoever names a directory tells Terraform of it, and keeps many versions there.
    const own = directory === undefined;
    const warnings = own ? await obstacles({ version: placed.version, plugins, shelves, environment }) : [];
    return { ...placed, warnings };
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw cannot(
      printable(error.message),
      "Give an archive that can be read, and a --directory that can be written to",
    );
  }
}

/** An archive is left packed: Terraform unpacks it itself, for the platform that its name says. */
async function installArchive(archive: string, shelves: readonly string[]): Promise<Placed> {
  const name = basename(archive);
  const [, version] = archiveName.exec(name) ?? [];
  if (version === undefined) {
    throw cannot(
      `"${printable(name)}" is not the name of an archive of the provider`,
      "Keep the name that it has in the release, such as terraform-provider-imagesync_1.2.3_linux_amd64.zip",
    );
  }
  await checkArchive(archive);
  const places = await install(shelves, name, (place) => copyFile(archive, place));
  return { version, places };
}

/** How a ZIP archive begins, and how its last part does, which a comment of at most 65,535 bytes may follow. */
const zip = { begin: "PK\x03\x04", end: "PK\x05\x06", endBytes: 22 + 0xffff };

/** A download that broke off would take the place of one that is whole, and only fail at terraform init. */
async function checkArchive(archive: string): Promise<void> {
  const file = await open(archive);
  try {
    const { size } = await file.stat();
    if (!(await read(file, 0, 4)).startsWith(zip.begin)) {
      throw cannot(`${printable(archive)} is no ZIP archive`, "Download it again");
    }
    if (!(await read(file, Math.max(0, size - zip.endBytes), zip.endBytes)).includes(zip.end)) {
      throw cannot(`${printable(archive)} has no end`, "Download it again");
    }
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.toString("latin1", 0, bytesRead);
}

async function installProgram(shelves: readonly string[]): Promise<Placed> {
  const { files, interpreter } = await findProgram();
  const version = ownVersion();
  const places = await install(shelves, join(version, platformName()), async (place, earlier) => {
    await mkdir(place);
    for (const file of files) await putFile(file, join(place, file.name), earlier && join(earlier, file.name));
  });
  if (interpreter !== undefined) {
    await install(shelves, join(version, interpreterFile), (place) => writeFile(place, `${interpreter}\n`));
  }
  return { version, places };
}

/** Makes a file or directory on each shelf, complete before it gets its name. */
async function install(
  shelves: readonly string[],
  name: string,
  make: (place: string, earlier: string | undefined) => Promise<void>,
): Promise<readonly string[]> {
  const places: string[] = [];
  for (const shelf of shelves) {
    const place = join(shelf, name);
    await mkdir(dirname(place), { recursive: true });
    // Terraform passes over names that are no versions.
    const temporary = await mkdtemp(join(shelf, ".installing-"));
    try {
      await make(join(temporary, "new"), places[0]);
      await rename(place, join(temporary, "old")).catch((error: unknown) => {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      });
      await rename(join(temporary, "new"), place);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    places.push(place);
  }
  return places;
}

async function putFile(file: ProgramFile, place: string, earlier: string | undefined): Promise<void> {
  if ("content" in file) {
    await writeFile(place, file.content);
  } else if (earlier === undefined || !(await linked(earlier, place))) {
    await copyFile(file.from, place);
  }
  await chmod(place, file.executable ? 0o755 : 0o644);
}

/** The second registry's files are the first one's, where the file system can: the program is large. */
async function linked(earlier: string, place: string): Promise<boolean> {
  return await link(earlier, place).then(
    () => true,
    () => false,
  );
}

/** Terraform's name of this platform. */
function platformName(): string {
  const system = { linux: "linux", darwin: "darwin" }[process.platform as string];
  const processor = { x64: "amd64", arm64: "arm64" }[process.arch as string];
  if (system === undefined || processor === undefined) {
    throw cannot(
      `what came with this program does not run as a provider on ${process.platform} ${process.arch}`,
      "Give the archive of a release for this platform",
    );
  }
  return `${system}_${processor}`;
}

function cannot(why: string, hint: string): UsageError {
  return new UsageError(`Cannot install the provider: ${why}`, hint);
}
