import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { libraryFiles, type SystemLibrary } from "./target.ts";
import type { ArchiveFile } from "./zip-archive.ts";

const run = promisify(execFile);

/**
 * Gets a C library from Debian, by apt and dpkg-deb, which need no root for that.
 * @returns the loader, the libraries and their licence, without a directory @throws when it is another package than named
 */
export async function fetchLibrary(library: SystemLibrary, directory: string): Promise<readonly ArchiveFile[]> {
  const place = join(directory, library.package);
  await mkdir(place, { recursive: true });
  // As root, apt would download as a user of its own, who may not write here.
  const quiet = ["-qq", "-o", "APT::Sandbox::User="];
  const wanted = `${library.package}=${library.version}`;
  await run("apt-get", [...quiet, "download", wanted], { cwd: place }).catch((error: unknown) => {
    throw new Error(`apt has no ${wanted}, of Debian 12: run "apt-get update" there`, { cause: error });
  });
  const [name] = (await readdir(place)).filter((file) => file.endsWith(".deb"));
  if (name === undefined) throw new Error(`apt-get brought no ${library.package}`);
  const found = createHash("sha256")
    .update(await readFile(join(place, name)))
    .digest("hex");
  if (found !== library.sha256) throw new Error(`${name} has the SHA-256 ${found}, not ${library.sha256}`);
  await run("dpkg-deb", ["-x", name, "."], { cwd: place });
  const copyright = join(place, "usr/share/doc", library.package, "copyright");
  return [
    { name: "COPYRIGHT", content: await readFile(copyright), mode: 0o644 },
    ...(await Promise.all(
      [library.loader, ...libraryFiles].map(async (file) => ({
        name: file,
        content: await readFile(join(place, library.directory, file)),
        // The loader is started as a program; the others are as the linker leaves them.
        mode: file === library.loader ? 0o755 : 0o644,
      })),
    )),
  ];
}
