import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32, inflateRawSync } from "node:zlib";

/** An entry of a ZIP archive. */
export interface Entry {
  readonly name: string;
  /** Type and permissions, as Unix has them. */
  readonly mode: number;
  /** Date and time as the format has them. */
  readonly time: number;
  readonly content: () => Buffer;
}

/** Reads a ZIP archive by its directory, as archivers do. @throws when it is damaged */
export async function entriesOf(file: string): Promise<readonly Entry[]> {
  const archive = await readFile(file);
  const end = archive.lastIndexOf("PK\x05\x06");
  if (end < 0) throw new Error(`${file} is no ZIP archive`);
  const entries: Entry[] = [];
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (archive.toString("latin1", at, at + 4) !== "PK\x01\x02") throw new Error("The directory is damaged");
    const [sum, packedSize, size] = [16, 20, 24].map((offset) => archive.readUInt32LE(at + offset));
    const [nameSize = 0, extraSize = 0, commentSize = 0] = [28, 30, 32].map((offset) =>
      archive.readUInt16LE(at + offset),
    );
    const header = archive.readUInt32LE(at + 42);
    const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
    entries.push({
      name: archive.toString("utf8", at + 46, at + 46 + nameSize),
      mode: archive.readUInt32LE(at + 38) >>> 16,
      time: archive.readUInt32LE(at + 12),
      content: () => {
        const content = inflateRawSync(archive.subarray(start, start + (packedSize ?? 0)));
        if (content.length !== size || crc32(content) !== sum) throw new Error("An entry is damaged");
        return content;
      },
    });
    at += 46 + nameSize + extraSize + commentSize;
  }
  return entries;
}

/** Unpacks an archive with its permissions. */
export async function unpack(file: string, directory: string): Promise<void> {
  for (const { name, mode, content } of await entriesOf(file)) {
    const place = join(directory, name);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, content());
    await chmod(place, mode & 0o777);
  }
}
