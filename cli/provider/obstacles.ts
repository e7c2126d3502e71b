import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { configurationDirectory, home, type Environment } from "./plugin-directory.ts";

/** What has been installed, and where. */
export interface Installation {
  readonly version: string;
  /** The directory of plugins. */
  readonly plugins: string;
  /** Directories in it that have the versions, one for each registry. */
  readonly shelves: readonly string[];
  readonly environment: Environment;
}

/** Why `terraform init` will not take what has been installed in the user's home: sentences for the user, mostly none. */
export async function obstacles(installation: Installation): Promise<readonly string[]> {
  return [...(await restrictingFiles(installation)), ...(await newerVersions(installation))];
}

/** A name of a block at the start of a line, or of a JSON property; not in a comment. */
const block = /(?:^|[{,])\s*"?provider_installation"?\s*[:={]/m;

/** With such a block in its configuration Terraform looks into no directory by itself. */
async function restrictingFiles({ plugins, environment }: Installation): Promise<readonly string[]> {
  const sentences: string[] = [];
  for (const file of await configurationFiles(environment)) {
    // What cannot be read here Terraform tells of itself.
    const text = await readFile(file, "utf8").catch(() => "");
    if (!block.test(text) || text.includes(JSON.stringify(plugins).slice(1, -1))) continue;
    sentences.push(
      `${file} has a block provider_installation, and what reads it looks for providers only where that says: ` +
        `add filesystem_mirror { path = ${JSON.stringify(plugins)} } to it`,
    );
  }
  return sentences;
}

/** https://developer.hashicorp.com/terraform/cli/config/config-file#locations, and OpenTofu's names of the same. */
async function configurationFiles(environment: Environment): Promise<readonly string[]> {
  const named = environment["TF_CLI_CONFIG_FILE"] || environment["TERRAFORM_CONFIG"];
  if (named !== undefined && named !== "") return [resolve(named)];
  const names = process.platform === "win32" ? ["terraform.rc", "tofu.rc"] : [".terraformrc", ".tofurc"];
  const files = names.map((name) => join(home(environment), name));
  const xdg = environment["XDG_CONFIG_HOME"] ?? "";
  if (xdg !== "") files.push(join(xdg, "opentofu/tofurc"));
  const directory = configurationDirectory(environment);
  const further = await readdir(directory).catch((): string[] => []);
  return [...files, ...further.filter((name) => /\.tfrc(\.json)?$/.test(name)).map((name) => join(directory, name))];
}

const packed = /^terraform-provider-imagesync_(\d+\.\d+\.\d+)_\w+\.zip$/;

async function newerVersions({ version, shelves }: Installation): Promise<readonly string[]> {
  const newer: string[] = [];
  for (const shelf of shelves) {
    const names = await readdir(shelf).catch((): string[] => []);
    newer.push(
      ...names.filter((name) => isNewer(packed.exec(name)?.[1] ?? name, version)).map((name) => join(shelf, name)),
    );
  }
  if (newer.length === 0) return [];
  return [
    `Terraform takes the newest version in ${dirname(newer[0] ?? "")} unless another is asked for: remove ${newer.join(" and ")}`,
  ];
}

/** Terraform asks for no version before a release by itself, so those do not count. */
function isNewer(name: string, version: string): boolean {
  if (!/^\d+\.\d+\.\d+$/.test(name)) return false;
  return name.localeCompare(version.replace(/[-+].*$/, ""), "en", { numeric: true }) > 0;
}
