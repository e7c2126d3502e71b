/** Tar files are made of these, in bytes. */
export const blockBytes = 512;

/** What the header of an entry says. */
export interface TarHeader {
  readonly name: string;
  /** Bytes of the content behind the header. */
  readonly size: number;
  /** The type flag as a character; `0` for a file, also of archives from before there were flags. */
  readonly type: string;
}

/** The type of the records that say what no header has room for. */
export const paxType = "x";

const octalFields = { mode: 100, uid: 108, gid: 116, size: 124, mtime: 136, checksum: 148 } as const;
const maxOctalSize = 8 ** 11 - 1;

/**
 * Reads one header. @returns undefined for a block of zeros, which is the end.
 * @throws RangeError for what is no header.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export function decodeHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (block.byteLength !== blockBytes || readNumber(block, octalFields.checksum, 8) !== checksumOf(block))
    throw new RangeError("The checksum of a header is wrong");
  const size = readNumber(block, octalFields.size, 12);
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError("The size in a header is none");
  const isPosix = readText(block, 257, 6) === "ustar" && block[263] === 0x30;
  const prefix = isPosix ? readText(block, 345, 155) : "";
  const name = readText(block, 0, 100);
  const type = block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0x30);
  return { name: prefix === "" ? name : `${prefix}/${name}`, size, type };
}

/** What stands before the content of a file: its header, and the record of a name that has no room there. */
export function encodeFileHeader(name: string, size: number): Uint8Array {
  if (name.length <= 100) return encode(name, size, "0");
  const record = new TextEncoder().encode(paxRecord("path", name));
  return Buffer.concat([
    encode("PaxHeader", record.byteLength, paxType),
    record,
    padding(record.byteLength),
    encode(name.slice(0, 100), size, "0"),
  ]);
}

/** The zeros that fill the last block of a content. */
export function padding(bytes: number): Uint8Array {
  return new Uint8Array((blockBytes - (bytes % blockBytes)) % blockBytes);
}

/**
 * Reads the records of a pax header, `length key=value`.
 * @throws RangeError for what is none.
 */
export function decodePax(bytes: Uint8Array): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let position = 0; position < bytes.byteLength;) {
    const space = bytes.indexOf(0x20, position);
    const digits = new TextDecoder().decode(bytes.subarray(position, Math.max(space, position)));
    const end = position + Number(digits);
    if (!/^\d{1,9}$/.test(digits) || end > bytes.byteLength || end <= space || bytes[end - 1] !== 0x0a)
      throw new RangeError("A record of a pax header is malformed");
    const record = new TextDecoder().decode(bytes.subarray(space + 1, end - 1));
    const equals = record.indexOf("=");
    if (equals < 1) throw new RangeError("A record of a pax header has no key");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    position = end;
  }
  return records;
}

/** The same bytes for the same file, whoever writes it and when. */
function encode(name: string, size: number, type: string): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const write = (text: string, offset: number): void => {
    block.set(new TextEncoder().encode(text), offset);
  };
  write(name, 0);
  write("0000644\0", octalFields.mode);
  write("0000000\0", octalFields.uid);
  write("0000000\0", octalFields.gid);
  if (size <= maxOctalSize) write(`${size.toString(8).padStart(11, "0")}\0`, octalFields.size);
  else writeLargeSize(block, size);
  write("00000000000\0", octalFields.mtime);
  write(type, 156);
  write("ustar\u000000", 257);
  write("        ", octalFields.checksum);
  write(`${checksumOf(block).toString(8).padStart(6, "0")}\0 `, octalFields.checksum);
  return block;
}

/** Eleven octal digits end at 8 GiB; what is larger is written to the base of 256, as GNU and libarchive do. */
function writeLargeSize(block: Uint8Array, size: number): void {
  block[octalFields.size] = 0x80;
  for (let left = size, position = 11; position > 0; position -= 1) {
    block[octalFields.size + position] = left % 256;
    left = Math.floor(left / 256);
  }
}

/** The length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = new TextEncoder().encode(rest).byteLength;
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

function readNumber(block: Uint8Array, offset: number, bytes: number): number {
  const first = block[offset] ?? 0;
  if ((first & 0x80) === 0) {
    const text = readText(block, offset, bytes).trim();
    if (text === "") return 0;
    return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
  }
  // A set sign bit would be a negative size.
  let value = first === 0x80 ? 0 : Number.NaN;
  for (let position = 1; position < bytes; position += 1) value = value * 256 + (block[offset + position] ?? 0);
  return value;
}

function readText(block: Uint8Array, offset: number, bytes: number): string {
  const field = block.subarray(offset, offset + bytes);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** The sum of all bytes, those of the checksum itself taken as blanks. */
function checksumOf(block: Uint8Array): number {
  let sum = 0;
  for (const [position, byte] of block.entries())
    sum += position >= octalFields.checksum && position < octalFields.checksum + 8 ? 0x20 : byte;
  return sum;
}
