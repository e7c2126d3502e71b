import type { FileHandle } from "node:fs/promises";
import { type Digest, isDigest } from "../oci/digest.ts";
import { layoutFault } from "./fault.ts";
import { readFully } from "./regular-file.ts";
import { blockBytes, decodeHeader, decodePax, paxType, type TarHeader } from "./tar-header.ts";

/** Where the content of a file is in the archive. */
export interface TarEntry {
  /** Of its first byte. */
  readonly offset: number;
  readonly size: number;
}

/** What an archive has of a layout. Other files are no part of it. */
export interface TarIndex {
  readonly marker?: TarEntry | undefined;
  readonly index?: TarEntry | undefined;
  readonly blobs: ReadonlyMap<Digest, TarEntry>;
  /** It has what `docker save` wrote before version 25. */
  readonly isDockerArchive: boolean;
}

/** More files than any layout has. */
const maxEntries = 1_000_000;

/** Names of thousands of characters, not more. */
const maxRecordBytes = 1024 * 1024;

const files: ReadonlySet<string> = new Set(["0", "7"]);
const gnuLongName = "L";

/** How compressed files begin. */
const compressions: readonly (readonly [name: string, program: string, magic: readonly number[]])[] = [
  ["gzip", "gunzip", [0x1f, 0x8b]],
  ["zstd", "unzstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", "unxz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["bzip2", "bunzip2", [0x42, 0x5a, 0x68]],
];

/**
 * Finds the files of a layout in a tar file by its headers alone; no content is read but those of long names. Of two
 * files with one name the later one counts, as when the archive is unpacked.
 * @throws `manifest-invalid` for what is no whole tar file, `unsupported` when it is compressed, `limit`
 */
export async function indexTar(handle: FileHandle, path: string): Promise<TarIndex> {
  const { size: fileBytes } = await handle.stat();
  await refuseCompressed(handle, path);
  const found = { marker: undefined, index: undefined } as {
    marker?: TarEntry | undefined;
    index?: TarEntry | undefined;
  };
  const blobs = new Map<Digest, TarEntry>();
  let isDockerArchive = false;
  let entries = 0;
  for await (const { name, type, ...entry } of readEntries(handle, fileBytes, path)) {
    entries += 1;
    if (entries > maxEntries) throw layoutFault("limit", "read", path, `it has more than ${maxEntries} entries`, "");
    // A link in the place of a file is none; what it leads to is not looked for.
    const isFile = files.has(type);
    const plain = name.replace(/^(?:\.\/)+/, "");
    if (plain === "oci-layout") found.marker = isFile ? entry : undefined;
    else if (plain === "index.json") found.index = isFile ? entry : undefined;
    else if (plain === "manifest.json") isDockerArchive = true;
    const digest = digestOfPath(plain);
    if (digest !== undefined && isFile) blobs.set(digest, entry);
    else if (digest !== undefined) blobs.delete(digest);
  }
  return { ...found, blobs, isDockerArchive };
}

function digestOfPath(name: string): Digest | undefined {
  const [, algorithm, encoded] = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(name) ?? [];
  const digest = `${algorithm}:${encoded}`;
  return isDigest(digest) ? digest : undefined;
}

interface FoundEntry extends TarEntry, Pick<TarHeader, "name" | "type"> {}

async function* readEntries(handle: FileHandle, fileBytes: number, path: string): AsyncGenerator<FoundEntry> {
  let position = 0;
  let longName: string | undefined;
  let longSize: number | undefined;
  while (position < fileBytes) {
    const block = await readFully(handle, position, blockBytes);
    const header = readHeader(block, position, path);
    if (header === undefined) return;
    const offset = position + blockBytes;
    const isRecord = header.type === paxType || header.type === gnuLongName;
    const size = isRecord ? header.size : (longSize ?? header.size);
    if (offset + size > fileBytes) throw truncated(path);
    position = offset + Math.ceil(size / blockBytes) * blockBytes;
    if (isRecord) {
      if (size > maxRecordBytes) throw layoutFault("limit", "read", path, `a header has ${size} bytes`, "");
      const record = await readFully(handle, offset, size);
      if (header.type === gnuLongName) longName = new TextDecoder().decode(record).replace(/\0+$/, "");
      else {
        const records = readPax(record, path);
        longName = records.get("path") ?? longName;
        longSize = sizeIn(records, path);
      }
      continue;
    }
    // A header for all that follow, and the long target of a link, say nothing of files.
    if (header.type === "g" || header.type === "K") continue;
    const name = longName ?? header.name;
    yield { name, type: name.endsWith("/") ? "5" : header.type, offset, size };
    longName = undefined;
    longSize = undefined;
  }
  if (position !== fileBytes && position - fileBytes >= blockBytes) throw truncated(path);
}

function readHeader(block: Uint8Array, position: number, path: string): TarHeader | undefined {
  if (block.byteLength < blockBytes) throw truncated(path);
  try {
    return decodeHeader(block);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const why = position === 0 ? "it is no tar file" : `there is no header at its byte ${position}`;
    throw layoutFault("manifest-invalid", "read", path, why, "Write the archive anew");
  }
}

function readPax(record: Uint8Array, path: string): ReadonlyMap<string, string> {
  try {
    return decodePax(record);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw layoutFault("manifest-invalid", "read", path, "a header of it is malformed", "Write the archive anew");
  }
}

function sizeIn(records: ReadonlyMap<string, string>, path: string): number | undefined {
  const text = records.get("size");
  if (text === undefined) return undefined;
  const size = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(size)) return size;
  throw layoutFault("manifest-invalid", "read", path, "the size in a header of it is none", "Write the archive anew");
}

async function refuseCompressed(handle: FileHandle, path: string): Promise<void> {
  const start = await readFully(handle, 0, 8);
  for (const [name, program, magic] of compressions) {
    if (start.byteLength < magic.length || !magic.every((byte, position) => start[position] === byte)) continue;
    throw layoutFault("unsupported", "read", path, `it is compressed by ${name}`, `Decompress it first: ${program}`);
  }
}

function truncated(path: string): Error {
  return layoutFault("manifest-invalid", "read", path, "it ends in the middle of a file", "Write the archive anew");
}
