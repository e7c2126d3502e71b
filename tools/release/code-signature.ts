import { createHash } from "node:crypto";
import { placeSignature, readMachO } from "./mach-o.ts";

/*
 * macOS kills a program whose signature does not match its pages, and Bun leaves some of its executables with the
 * signature of the Bun that they were made of. An ad-hoc signature names nobody, but fits. The layout is that of
 * `osfmk/kern/cs_blobs.h` of XNU: a SuperBlob with a CodeDirectory in it; its numbers are big-endian.
 */
const superBlobMagic = 0xfade0cc0;
const directoryMagic = 0xfade0c02;
/** The version that knows of the executable segment; nothing after it is used. */
const directoryVersion = 0x20400;
const directoryHeaderSize = 88;
const adHoc = 0x2;
const linkerSigned = 0x20000;
/** With it the kernel asks for entitlements before it lets a program compile code while it runs. */
const hardenedRuntime = 0x10000;
const sha256 = { type: 2, size: 32 };
const pageBits = 12;
const pageSize = 2 ** pageBits;
const mainBinary = 1n;
/** SuperBlob with one entry: magic, length, count, and the entry's type and offset. */
const superBlobSize = 20;

/** Puts an ad-hoc signature in the place of the one that a Mach-O executable has. @throws when it has no place for one */
export function signAdHoc(executable: Uint8Array, identifier: string): Buffer {
  const { signature } = readMachO(Buffer.from(executable));
  const file = Buffer.from(executable.subarray(0, signature.offset));
  const machO = readMachO(file);
  if (signature.offset + signature.size !== executable.length)
    throw new Error("The signature is not the end of the file");
  const name = Buffer.from(`${identifier}\0`);
  const pages = Math.ceil(file.length / pageSize);
  const length = directoryHeaderSize + name.length + pages * sha256.size;
  const size = Math.ceil((superBlobSize + length) / 16) * 16;
  // Before the hashes: the load commands are part of the first page.
  placeSignature(file, machO, size);

  const blob = Buffer.alloc(size);
  blob.writeUInt32BE(superBlobMagic, 0);
  blob.writeUInt32BE(superBlobSize + length, 4);
  blob.writeUInt32BE(1, 8);
  blob.writeUInt32BE(superBlobSize, 16);
  const directory = blob.subarray(superBlobSize);
  directory.writeUInt32BE(directoryMagic, 0);
  directory.writeUInt32BE(length, 4);
  directory.writeUInt32BE(directoryVersion, 8);
  directory.writeUInt32BE(adHoc | linkerSigned, 12);
  directory.writeUInt32BE(directoryHeaderSize + name.length, 16);
  directory.writeUInt32BE(directoryHeaderSize, 20);
  directory.writeUInt32BE(pages, 28);
  directory.writeUInt32BE(file.length, 32);
  directory.writeUInt8(sha256.size, 36);
  directory.writeUInt8(sha256.type, 37);
  directory.writeUInt8(pageBits, 39);
  directory.writeBigUInt64BE(BigInt(machO.textSize), 72);
  directory.writeBigUInt64BE(mainBinary, 80);
  name.copy(directory, directoryHeaderSize);
  for (let page = 0; page < pages; page += 1) {
    hashOfPage(file, page).copy(directory, directoryHeaderSize + name.length + page * sha256.size);
  }
  return Buffer.concat([file, blob]);
}

/**
 * Checks what the kernel checks: that the signature ends the file and its segment, covers all before it, and that the
 * hash of every page is right. @returns what is wrong; empty when nothing is @throws when there is no signature
 */
export function signatureFaults(executable: Buffer): readonly string[] {
  const { signature, linkedit } = readMachO(executable);
  const faults: string[] = [];
  const end = signature.offset + signature.size;
  if (end !== executable.length) faults.push(`the signature ends at ${end} of ${executable.length}`);
  if (linkedit.offset + linkedit.size !== end) faults.push("the segment __LINKEDIT does not end with the signature");
  const directory = codeDirectory(executable.subarray(signature.offset, end));
  const limit = directory.readUInt32BE(32);
  if (limit !== signature.offset) faults.push(`${limit} bytes are covered of ${signature.offset}`);
  if ((directory.readUInt32BE(12) & hardenedRuntime) !== 0) faults.push("the hardened runtime is asked for");
  const hashes = directory.readUInt32BE(16);
  const pages = directory.readUInt32BE(28);
  if (pages !== Math.ceil(limit / pageSize)) faults.push(`there are hashes of ${pages} pages`);
  let wrong = 0;
  for (let page = 0; page < pages; page += 1) {
    const start = hashes + page * sha256.size;
    const expected = directory.subarray(start, start + sha256.size);
    if (!hashOfPage(executable.subarray(0, limit), page).equals(expected)) wrong += 1;
  }
  if (wrong > 0) faults.push(`${wrong} of ${pages} pages have another hash`);
  return faults;
}

/** The directory among the blobs of a signature that has hashes of the kind and size that are used here. */
function codeDirectory(signature: Buffer): Buffer {
  if (signature.length < superBlobSize || signature.readUInt32BE(0) !== superBlobMagic) {
    throw new Error("There is no signature");
  }
  for (let entry = 0; entry < signature.readUInt32BE(8); entry += 1) {
    const blob = signature.subarray(signature.readUInt32BE(12 + entry * 8 + 4));
    const fits = blob.length >= directoryHeaderSize && blob.readUInt32BE(0) === directoryMagic;
    if (fits && blob.readUInt8(37) === sha256.type && blob.readUInt8(39) === pageBits) return blob;
  }
  throw new Error("The signature has no directory with SHA-256 of pages of 4 KiB");
}

function hashOfPage(file: Buffer, page: number): Buffer {
  return createHash("sha256")
    .update(file.subarray(page * pageSize, (page + 1) * pageSize))
    .digest();
}
