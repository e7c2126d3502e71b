import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot } from "./cache.ts";

const run = promisify(execFile);

/** The archive this system installs from. @throws on systems without apt. */
export async function debianArchive(): Promise<{ uri: string; release: string }> {
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
  const { stdout } = await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
  for (const line of stdout.split("\n")) {
    const [uri, release, component] = line.split(" ");
    // A dash stands in bookworm-updates and bookworm-security.
    if (uri !== undefined && release !== undefined && component === "main" && !release.includes("-")) {
      return { uri, release };
    }
  }
  throw new Error("apt knows no Debian archive with a component main");
}

/**
 * Unpacks packages of any Debian release below `into`, without installing them: apt runs on lists, sources and a
 * status of its own, and the system's stay as they are. Answers with their versions by name. @throws when apt or the archive cannot be reached.
 */
export async function unpackDebianPackages(
  release: string,
  packages: readonly string[],
  into: string,
): Promise<ReadonlyMap<string, string>> {
  const { uri } = await debianArchive();
  await mkdir(cacheRoot, { recursive: true });
  const work = await mkdtemp(join(cacheRoot, "apt-"));
  try {
    for (const folder of ["empty", "lists/partial", "cache/archives/partial", "packages"]) {
      await mkdir(join(work, folder), { recursive: true });
    }
    const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    await writeFile(join(work, "sources.list"), `deb [signed-by=${keyring}] ${uri} ${release} main\n`);
    await writeFile(join(work, "status"), "");
    const options = [
      `Dir::Etc::sourcelist=${work}/sources.list`,
      `Dir::Etc::sourceparts=${work}/empty`,
      `Dir::Etc::preferencesparts=${work}/empty`,
      `Dir::State::lists=${work}/lists`,
      `Dir::State::status=${work}/status`,
      `Dir::Cache=${work}/cache`,
      "APT::Sandbox::User=",
    ].flatMap((option) => ["-o", option]);
    await run("apt-get", [...options, "update"]);
    await run("apt-get", [...options, "download", ...packages], { cwd: join(work, "packages") });
    await mkdir(into, { recursive: true });
    const versions = new Map<string, string>();
    for (const file of await readdir(join(work, "packages"))) {
      await run("dpkg-deb", ["-x", join(work, "packages", file), into]);
      const [name = "", version = ""] = file.split("_");
      versions.set(name, version);
    }
    return versions;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
