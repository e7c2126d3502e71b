import { rootCertificates } from "node:tls";
import type { Ingredients } from "./ingredients.ts";
import type { PlatformParts } from "./platform-parts.ts";
import type { TarEntry } from "./tar-archive.ts";
import { noticesName, thirdPartyNotices } from "./third-party-notices.ts";

/** Number of the user that the program runs as, and of its group: one that no machine gives to anybody else. */
export const imageUser = 65532;

/** Where containers start, for the files of a configuration that is mounted there. */
export const workDirectory = "/work";
export const homeDirectory = "/home/imagesync";
const certificatesFile = "etc/ssl/certs/ca-certificates.crt";
const documents = "usr/share/doc/imagesync";

/**
 * What the program needs of a system, for the layer that changes seldom: the C library with its loader, in the places
 * where that looks by itself; certificate authorities; users; how names are resolved; and directories to write to.
 */
export function runtimeFiles({ target, library }: PlatformParts): readonly TarEntry[] {
  if (target.library === undefined) throw new Error(`There are no images for ${target.os}`);
  const { loader, package: name, systemLoader } = target.library;
  const places = new Map([
    [loader, systemLoader.slice(1)],
    ["COPYRIGHT", copyrightFile(name)],
  ]);
  const files = library.map((file) => ({ ...file, name: places.get(file.name) ?? `lib/${file.name}` }));
  const text = (name: string, content: string): TarEntry => ({ name, content: Buffer.from(content), mode: 0o644 });
  return withDirectories([
    ...files,
    text(certificatesFile, rootCertificates.map((certificate) => `${certificate.trim()}\n`).join("")),
    text("etc/group", `root:x:0:\nimagesync:x:${imageUser}:\n`),
    text("etc/nsswitch.conf", "hosts: files dns\n"),
    text(
      "etc/passwd",
      `root:x:0:0:root:/root:/sbin/nologin\nimagesync:x:${imageUser}:${imageUser}:imagesync:${homeDirectory}:/sbin/nologin\n`,
    ),
    { name: `${homeDirectory.slice(1)}/`, mode: 0o755, owner: imageUser },
    { name: "tmp/", mode: 0o1777 },
    { name: `${workDirectory.slice(1)}/`, mode: 0o755, owner: imageUser },
  ]);
}

/** The program, and what has to be said with it. */
export async function programFiles(
  { target }: PlatformParts,
  executable: Uint8Array,
  { version, licence, commandLine }: Ingredients,
): Promise<readonly TarEntry[]> {
  const notices = await thirdPartyNotices({
    version,
    packages: commandLine.packages,
    runtime: true,
    library: target.library && { library: target.library, notice: `/${copyrightFile(target.library.package)}` },
    more: [authoritiesNotice],
  });
  return withDirectories([
    { name: "usr/bin/imagesync", content: executable, mode: 0o755 },
    { name: `${documents}/LICENSE`, content: licence, mode: 0o644 },
    { name: `${documents}/${noticesName}`, content: Buffer.from(notices), mode: 0o644 },
  ]);
}

/**
 * The list of Node is taken and not Debian's: the lockfile pins it by the version of Node, while Debian has only the
 * newest of its lists, so that a release could not be made again.
 */
const authoritiesNotice = `The certificate authorities in /${certificatesFile} are those of Mozilla (MPL-2.0), as Node ${process.version} has them:
https://www.mozilla.org/projects/security/certs/`;

function copyrightFile(packageName: string): string {
  return `usr/share/doc/${packageName}/copyright`;
}

/** Puts before the entries the directories that they are in, and all in the order of their names. */
function withDirectories(entries: readonly TarEntry[]): readonly TarEntry[] {
  const all = new Map<string, TarEntry>();
  for (const { name } of entries) {
    for (let end = name.indexOf("/"); end >= 0; end = name.indexOf("/", end + 1)) {
      const directory = name.slice(0, end + 1);
      all.set(directory, { name: directory, mode: 0o755 });
    }
  }
  for (const entry of entries) all.set(entry.name, entry);
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
