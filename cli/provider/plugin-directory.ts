import { access } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { UsageError } from "../usage-error.ts";

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The directory of plugins that terraform and tofu look into by themselves:
 * https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
 *
 * OpenTofu keeps its settings and logins below the directories of XDG only as long as there is no `~/.terraform.d`. Where
 * that would have to be made, the place is the other one that both look into, and OpenTofu goes on finding its own.
 * @throws UsageError when there is no home
 */
export async function pluginDirectory(environment: Environment): Promise<string> {
  const directory = configurationDirectory(environment);
  if (process.platform === "linux" && (await opentofuLivesByXdg(environment, directory))) {
    const data = environment["XDG_DATA_HOME"] ?? "";
    return join(isAbsolute(data) ? data : join(home(environment), ".local/share"), "terraform/plugins");
  }
  return join(directory, "plugins");
}

/** Where Terraform keeps what is the user's. @throws UsageError when there is no home */
export function configurationDirectory(environment: Environment): string {
  return join(home(environment), process.platform === "win32" ? "terraform.d" : ".terraform.d");
}

/** The directory in which Terraform looks for its own. @throws UsageError when there is none */
export function home(environment: Environment): string {
  const name = process.platform === "win32" ? "APPDATA" : "HOME";
  const directory = environment[name];
  if (directory !== undefined && directory !== "") return directory;
  throw new UsageError(
    `Cannot install the provider: ${name} is not set`,
    "Name the directory of plugins by --directory",
  );
}

async function opentofuLivesByXdg(environment: Environment, directory: string): Promise<boolean> {
  if (await isThere(directory)) return false;
  for (const name of ["XDG_CONFIG_HOME", "XDG_DATA_HOME"]) {
    const base = environment[name] ?? "";
    if (base !== "" && (await isThere(join(base, "opentofu")))) return true;
  }
  return false;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
