import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { packageLicence, type PackageLicence } from "./package-licence.ts";
import { bunVersion, type SystemLibrary } from "./target.ts";

/** What is in what is given away, beside our own. */
export interface ThirdParties {
  readonly version: string;
  /** Directories of the packages whose code is in the bundles. */
  readonly packages: readonly string[];
  /** Whether Bun is, as in every executable. */
  readonly runtime: boolean;
  /** The C library, and the file with the notice that Debian puts to it. */
  readonly library?: { readonly library: SystemLibrary; readonly notice: string } | undefined;
  /** Further paragraphs. */
  readonly more?: readonly string[];
}

/** Name of the file in each package. */
export const noticesName = "THIRD-PARTY-NOTICES.txt";

/**
 * The notices of all software of others in a package, as text. Packages with the same text share it.
 * @throws when one has no text, or a licence that nobody has allowed
 */
export async function thirdPartyNotices({ version, packages, ...rest }: ThirdParties): Promise<string> {
  const { runtime, library, more = [] } = rest;
  const licences = await Promise.all(packages.map(packageLicence));
  const sections = [
    `imagesync ${version} is under the MPL-2.0: see LICENSE. What of it is the work of others is under these licences.`,
    ...(runtime ? [bunNotice] : []),
    ...(library === undefined ? [] : [libraryNotice(library.library, library.notice)]),
    ...more,
    ...byText(licences).map(({ names, text }) => `${names.join("\n")}\n\n${text}`),
    ...(library === undefined
      ? []
      : [`The GNU Lesser General Public License, version 2.1\n\n${await lesserLicence()}`]),
  ];
  return `${sections.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

/** Its package for npm says no more than that it is under the MIT License. */
const bunNotice = `Bun ${bunVersion} (MIT): https://github.com/oven-sh/bun/tree/bun-v${bunVersion}

The executable is Bun with the program in it. Bun contains JavaScriptCore and other parts of WebKit, under the
LGPL-2.0, and libraries under licences of their own. LICENSE.md there lists all of them, and says how Bun is built with
another JavaScriptCore; the sources of imagesync say how its executable is made with another Bun (tools/build.ts).`;

function libraryNotice({ package: name, version }: SystemLibrary, notice: string): string {
  const [upstream = version] = version.split("cross");
  return `The GNU C Library, as Debian has it in ${name} ${version} (LGPL-2.1 or later): see ${notice}

The files are as they are there; others of another build of the library may be put in their places. Its source is
Debian's package glibc ${upstream}: https://snapshot.debian.org/package/glibc/${upstream}/
The text of the license is at the end.`;
}

function byText(licences: readonly PackageLicence[]): readonly { readonly names: string[]; readonly text: string }[] {
  const found = new Map<string, string[]>();
  for (const { name, version, licence, text } of licences) {
    found.set(text, [...(found.get(text) ?? []), `${name} ${version} (${licence})`]);
  }
  return [...found]
    .map(([text, names]) => ({ names: names.sort(), text }))
    .sort((a, b) => ((a.names[0] ?? "") < (b.names[0] ?? "") ? -1 : 1));
}

/** Debian has it on every machine, since its packages do not repeat it. */
const lesserLicenceFile = "/usr/share/common-licenses/LGPL-2.1";
const lesserLicenceSha256 = "dc626520dcd53a22f727af3ee42c770e56c97a64fe3adb063799d8ab032fe551";

async function lesserLicence(): Promise<string> {
  const text = await readFile(lesserLicenceFile);
  const found = createHash("sha256").update(text).digest("hex");
  if (found !== lesserLicenceSha256) throw new Error(`${lesserLicenceFile} has the SHA-256 ${found}`);
  return text.toString().trim();
}
