import { Command } from "commander";
import type { Invocation } from "./invocation.ts";
import { printable } from "./printable.ts";

const examples = `
Without an archive the provider that came with this program is installed: by npx, or where it was built.
Installed like that it is the only imagesync/imagesync that terraform init looks at: to have later versions from
a registry, remove the directories that are printed.

Examples:
  imagesync provider install
  imagesync provider install terraform-provider-imagesync_1.2.3_linux_amd64.zip`;

/** `imagesync provider`: the Terraform provider on this machine. */
export function providerCommand(invocation: Invocation): Command {
  const install = new Command("install")
    .description("put the Terraform provider where terraform and tofu find it without any configuration")
    .argument("[archive]", "the archive of a release (default: what came with this program)")
    .option("--directory <path>", "directory of plugins to put it in (default: that of the user's home)")
    .addHelpText("after", examples)
    .action(async (archive: string | undefined, flags: { readonly directory?: string }) => {
      const { installProvider } = await import("./provider/install.ts");
      const { environment, stdout, stderr } = invocation;
      const { version, places, warnings } = await installProvider({ archive, environment, ...flags });
      stdout.write(places.map((place) => `${place}\n`).join(""));
      stderr.write(`Installed imagesync/imagesync ${version}; run "terraform init" or "tofu init" where it is used\n`);
      for (const warning of warnings) stderr.write(`Warning: ${printable(warning)}\n`);
    });
  return new Command("provider")
    .description("the Terraform provider on this machine")
    .helpCommand(false)
    .addCommand(install);
}
