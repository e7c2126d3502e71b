import { engineLauncher } from "../build/launcher.ts";
import type { Ingredients } from "./ingredients.ts";
import type { PlatformParts } from "./platform-parts.ts";
import { gzipped, tarArchive } from "./tar-archive.ts";
import { packedLoader, type Target, targetName } from "./target.ts";
import { noticesName, thirdPartyNotices } from "./third-party-notices.ts";
import { type ArchiveFile, zipArchive } from "./zip-archive.ts";

/** Not beside the launcher: it would be taken for something to start. */
const engineName = "lib/imagesync";

/** Name of a file of the release that is not the provider's. */
export function commandLineFile(version: string, rest: string): string {
  return `imagesync_${version}_${rest}`;
}

/** What comes after the version in the name of a platform's archive. */
export function commandLineArchive(target: Target): string {
  return `${targetName(target)}.${target.os === "windows" ? "zip" : "tar.gz"}`;
}

/** Makes the archive with the command line of a platform, all of it in one directory. */
export async function commandLinePackage(
  parts: PlatformParts,
  executable: Uint8Array,
  ingredients: Ingredients,
): Promise<Buffer> {
  const { target, library } = parts;
  const { version, licence, commandLine, completions } = ingredients;
  const notices = await thirdPartyNotices({
    version,
    packages: commandLine.packages,
    runtime: true,
    library: target.library && { library: target.library, notice: "lib/COPYRIGHT" },
  });
  const files: readonly ArchiveFile[] =
    target.os === "windows"
      ? [{ name: "imagesync.exe", content: executable, mode: 0o755 }]
      : [
          { name: "imagesync", content: Buffer.from(engineLauncher(engineName, packedLoader(target))), mode: 0o755 },
          { name: engineName, content: executable, mode: 0o755 },
          ...library.map((file) => ({ ...file, name: `lib/${file.name}` })),
        ];
  const scripts = [...completions].map(([shell, content]) => ({
    name: `completions/imagesync.${shell === "powershell" ? "ps1" : shell}`,
    content,
    mode: 0o644,
  }));
  const texts = [
    { name: "LICENSE", content: licence, mode: 0o644 },
    { name: noticesName, content: Buffer.from(notices), mode: 0o644 },
  ];
  const directory = commandLineFile(version, targetName(target));
  const all = [...files, ...scripts, ...texts]
    .map((file) => ({ ...file, name: `${directory}/${file.name}` }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return target.os === "windows" ? await zipArchive(all) : await gzipped(await tarArchive(all));
}
