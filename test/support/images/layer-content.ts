import { createCipheriv, createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * Content of test layers: incompressible, equal for equal seeds, made while it is read, so that a layer of gigabytes
 * never sits in memory. A layer is a true gzip file of a true tar archive with one file in it, so that clients which
 * unpack or look for compression accept it; deflate's stored blocks keep it as large as its content and give it
 * exactly the size that was asked for.
 *
 *     gzip header [padding up to the exact size] | (5-byte block header | up to 65,535 bytes of tar)* | CRC, length
 */
export interface LayerPlan {
  readonly seed: string;
  /** Bytes of the tar archive inside; 0 is an archive without entries. */
  readonly tarBytes: number;
  /** Bytes that the gzip header has more than it needs. */
  readonly paddingBytes: number;
}

const blockBytes = 65_535;
const slabBytes = blockBytes * 16;
const tarFrame = 512 + 1024;
const zeros = Buffer.alloc(slabBytes);

/** The smallest size that can be a gzip file; anything below is made of arbitrary bytes. */
const smallestLayer = 23;

/** How a layer of exactly `size` bytes is made up; undefined when `size` is too small for a gzip file. */
export function planLayer(seed: string, size: number): LayerPlan | undefined {
  if (size < smallestLayer) return undefined;
  const overhead = (tarBytes: number): number => 18 + 5 * Math.max(1, Math.ceil(tarBytes / blockBytes));
  let tarBytes = Math.floor((size - 18) / 512) * 512;
  while (tarBytes > 0 && tarBytes + overhead(tarBytes) > size) tarBytes -= 512;
  // The file in the archive has at least one byte, else the archive is left without entries.
  if (tarBytes <= tarFrame) tarBytes = 0;
  return { seed, tarBytes, paddingBytes: size - tarBytes - overhead(tarBytes) };
}

/** The tar archive of a layer, uncompressed: what a config's `diff_ids` are computed over. */
export function* tarContent(plan: LayerPlan): Generator<Buffer, void> {
  const keystream = keystreamOf(plan.seed);
  const trailer = plan.tarBytes - 1024;
  for (let offset = 0; offset < plan.tarBytes; offset += slabBytes) {
    const slab = keystream(Math.min(slabBytes, plan.tarBytes - offset));
    if (offset === 0) tarHeader(plan.seed, plan.tarBytes - tarFrame).copy(slab);
    if (offset + slab.length > trailer) slab.fill(0, Math.max(0, trailer - offset));
    yield slab;
  }
}

/** The gzip file of a layer. */
export function* layerContent(plan: LayerPlan): Generator<Buffer, void> {
  yield gzipHeader(plan);
  let checksum = 0;
  let left = plan.tarBytes;
  for (const slab of tarContent(plan)) {
    checksum = crc32(slab, checksum);
    left -= slab.length;
    yield storedBlocks(slab, left === 0);
  }
  if (plan.tarBytes === 0) yield storedBlocks(Buffer.alloc(0), true);
  const end = Buffer.alloc(8);
  end.writeUInt32LE(checksum, 0);
  end.writeUInt32LE(plan.tarBytes % 2 ** 32, 4);
  yield end;
}

/** Arbitrary incompressible bytes. */
export function* opaqueContent(seed: string, size: number): Generator<Buffer, void> {
  const keystream = keystreamOf(seed);
  for (let offset = 0; offset < size; offset += slabBytes) yield keystream(Math.min(slabBytes, size - offset));
}

/** AES in counter mode over zeros is the fastest seeded generator that Node has: some gigabytes a second. */
function keystreamOf(seed: string): (bytes: number) => Buffer {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  return (bytes) => cipher.update(zeros.subarray(0, bytes));
}

/**
 * Padding stands in the extra field, which readers skip; Go refuses comments of more than 511 bytes. Its length takes
 * two bytes: a single one is an empty comment.
 * @see https://www.rfc-editor.org/rfc/rfc1952#section-2.3
 */
function gzipHeader(plan: LayerPlan): Buffer {
  const flags = plan.paddingBytes === 0 ? 0 : plan.paddingBytes === 1 ? 0x10 : 0x04;
  const fixed = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]);
  if (plan.paddingBytes < 2) return Buffer.concat([fixed, Buffer.alloc(plan.paddingBytes)]);
  const extra = keystreamOf(`${plan.seed}/padding`)(plan.paddingBytes);
  extra.writeUInt16LE(plan.paddingBytes - 2);
  return Buffer.concat([fixed, extra]);
}

/** @see https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4 */
function storedBlocks(content: Buffer, last: boolean): Buffer {
  const blocks = Math.max(1, Math.ceil(content.length / blockBytes));
  const out = Buffer.allocUnsafe(content.length + 5 * blocks);
  for (let block = 0; block < blocks; block += 1) {
    const start = block * blockBytes;
    const length = Math.min(blockBytes, content.length - start);
    const at = block * (blockBytes + 5);
    out.writeUInt8(last && block === blocks - 1 ? 1 : 0, at);
    out.writeUInt16LE(length, at + 1);
    out.writeUInt16LE(length ^ 0xffff, at + 3);
    content.copy(out, at + 5, start, start + length);
  }
  return out;
}

/** A ustar header of a regular file. Sizes from 8 GiB on do not fit its octal field. */
function tarHeader(seed: string, fileBytes: number): Buffer {
  const header = Buffer.alloc(512);
  const name = createHash("sha256").update(`${seed}/name`).digest("hex").slice(0, 16);
  header.write(`content/${name}`, 0);
  header.write("0000644\u0000000000000\u0000000000000\u0000", 100);
  header.write(`${fileBytes.toString(8).padStart(11, "0")}\u0000`, 124);
  header.write("00000000000\u0000", 136);
  header.write("        ", 148);
  header.write("0ustar\u000000", 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return header;
}
