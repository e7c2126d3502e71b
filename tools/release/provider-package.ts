import { engineLauncher } from "../build/launcher.ts";
import type { Ingredients } from "./ingredients.ts";
import { compileProgram, type PlatformParts } from "./platform-parts.ts";
import { noticesName, thirdPartyNotices } from "./third-party-notices.ts";
import { packedLoader } from "./target.ts";
import { type ArchiveFile, zipArchive } from "./zip-archive.ts";

/** Terraform takes the first file whose name begins with the provider's as the provider: nothing else may. */
const engineName = "imagesync-engine";

/** Name of a file of the provider's release: what comes after the version is its platform and kind. */
export function providerFile(version: string, rest: string): string {
  return `terraform-provider-imagesync_${version}_${rest}`;
}

/** Makes the archive of a platform that Terraform, OpenTofu and their registries take. */
export async function providerPackage(parts: PlatformParts, ingredients: Ingredients): Promise<Buffer> {
  const { target, library } = parts;
  const { version, licence, provider } = ingredients;
  const program = `terraform-provider-imagesync_v${version}`;
  const notices = await thirdPartyNotices({
    version,
    packages: provider.packages,
    runtime: true,
    library: target.library && { library: target.library, notice: "lib/COPYRIGHT" },
  });
  const executable = await compileProgram(parts, provider, ingredients);
  const files: readonly ArchiveFile[] =
    target.os === "windows"
      ? [{ name: `${program}.exe`, content: executable, mode: 0o755 }]
      : [
          { name: program, content: Buffer.from(engineLauncher(engineName, packedLoader(target))), mode: 0o755 },
          { name: engineName, content: executable, mode: 0o755 },
          ...library.map((file) => ({ ...file, name: `lib/${file.name}` })),
        ];
  const texts = [
    { name: "LICENSE", content: licence, mode: 0o644 },
    { name: noticesName, content: Buffer.from(notices), mode: 0o644 },
  ];
  return await zipArchive([...files, ...texts].sort((a, b) => (a.name < b.name ? -1 : 1)));
}
