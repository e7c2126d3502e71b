import { join } from "node:path";
import type { Invocation } from "../invocation.ts";
import { installProvider } from "../provider/install.ts";
import { formatBytes, formatDuration } from "../quantity.ts";
import { UsageError } from "../usage-error.ts";
import { tellEngineStory } from "./engine-story.ts";
import { findOnPath, findProviderDirectory } from "./find-program.ts";
import { Narrator } from "./narrator.ts";
import { makeScratchDirectory, type ScratchDirectory } from "./scratch-directory.ts";
import { setStage, type Stage } from "./stage.ts";
import { Terraform } from "./terraform.ts";
import { tellTerraformStory } from "./terraform-story.ts";

/** Logins and proxies of whoever runs the demo have no part in it. */
const personalVariables = /^(?:DOCKER_AUTH_CONFIG|REGISTRY_AUTH_FILE|(?:https?|all)_proxy)$/i;

/**
 * Shows the main job from the beginning to the end, on two registries in this process: under terraform or tofu when
 * one of them is on PATH, else by the engine alone. Whatever happens, registries, processes and files are gone
 * afterwards.
 */
export async function runDemo(options: { readonly keep: boolean }, invocation: Invocation): Promise<void> {
  const { signal } = invocation;
  const startedAt = Date.now();
  const narrator = new Narrator(invocation);
  const scratch = makeScratchDirectory();
  let stage: Stage | undefined;
  try {
    narrator.title("imagesync demo: an image is copied, pinned, and kept true");
    narrator.step("Two registries on this machine, an image for two platforms in the first");
    stage = await setStage(signal);
    introduce(stage, narrator);

    const terraform = await prepareTerraform(invocation, scratch);
    if (terraform instanceof Terraform) {
      narrator.say(`terraform      ${terraform.name} ${await terraform.version()}`);
      await tellTerraformStory(stage, terraform, narrator, options.keep);
    } else {
      await tellEngineStory(stage, narrator, signal);
      narrator.title(`\nNot shown: the same under terraform, because ${terraform.missing}`);
    }
    narrator.title(`\nDone in ${formatDuration(Date.now() - startedAt)}`);
    if (options.keep) await keepRunning(stage, terraform, scratch, invocation);
  } finally {
    await stage?.close();
    await scratch.close();
  }
}

function introduce({ image, source, destination }: Stage, narrator: Narrator): void {
  const bytes = image.blobs.reduce((sum, blob) => sum + blob.bytes.length, 0);
  narrator.say(`source         ${source}, ${formatBytes(bytes)}`);
  narrator.say(`               ${image.index.digest}`);
  narrator.say(`destination    ${destination}, empty`);
}

async function prepareTerraform(
  { environment, signal }: Invocation,
  scratch: ScratchDirectory,
): Promise<Terraform | { readonly missing: string }> {
  const program = findOnPath(["terraform", "tofu"], environment["PATH"]);
  if (program === undefined) return { missing: "neither terraform nor tofu is on PATH" };
  const providerDirectory = findProviderDirectory() ?? (await placeProvider(scratch, environment));
  if (providerDirectory === undefined) {
    return {
      missing: 'no provider came with this program: "npx imagesync demo" has it, and "make demo" in a checkout',
    };
  }
  const impersonal = Object.entries(environment).filter(([name]) => !personalVariables.test(name));
  return new Terraform({
    program,
    providerDirectory,
    directory: scratch.path,
    environment: { ...Object.fromEntries(impersonal), DOCKER_CONFIG: scratch.path },
    signal,
  });
}

/** The provider of the npm package, which is a module, as Terraform can start it. @returns its directory, if there is one */
async function placeProvider(
  scratch: ScratchDirectory,
  environment: Invocation["environment"],
): Promise<string | undefined> {
  try {
    const { places } = await installProvider({ directory: join(scratch.path, "plugins"), environment });
    return places[0];
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Waits for the stop; until then everything is there to be tried by hand. */
async function keepRunning(
  stage: Stage,
  terraform: Terraform | { readonly missing: string },
  scratch: ScratchDirectory,
  { stdout, signal }: Invocation,
): Promise<void> {
  const lines = ["", "Everything keeps running until Ctrl-C. In another terminal:"];
  lines.push(`  imagesync copy --plain-http ${stage.source} ${stage.destination}`);
  if (terraform instanceof Terraform) {
    lines.push(`  export TF_CLI_CONFIG_FILE=${terraform.configFile}`, `  cd ${scratch.path}`);
    lines.push(`  ${terraform.name} plan`, `  ${terraform.name} destroy`);
  }
  stdout.write(`${lines.join("\n")}\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
