/**
 * What signing needs of the Mach-O format, 64-bit and little-endian (`mach-o/loader.h`): where the code signature is, and
 * the segment at the end of the file that holds it.
 */
export interface MachO {
  /** Offset of the load command that says where the signature is. */
  readonly signatureCommand: number;
  readonly signature: { readonly offset: number; readonly size: number };
  /** Offset of the load command of `__LINKEDIT`. */
  readonly linkeditCommand: number;
  readonly linkedit: { readonly offset: number; readonly size: number };
  /** Size of `__TEXT`, the segment that is executed. */
  readonly textSize: number;
}

const magic64 = 0xfeedfacf;
const headerSize = 32;
const segment64 = 0x19;
const codeSignature = 0x1d;

/** Reads the load commands. @throws when it is no such file, or none with room for a signature at its end */
export function readMachO(file: Buffer): MachO {
  if (file.length < headerSize || file.readUInt32LE(0) !== magic64) throw new Error("This is no 64-bit Mach-O file");
  const commands = file.readUInt32LE(16);
  const segments = new Map<string, { command: number; offset: number; size: number }>();
  let signatureCommand: number | undefined;
  for (let command = headerSize, left = commands; left > 0; left -= 1) {
    const kind = file.readUInt32LE(command);
    const size = file.readUInt32LE(command + 4);
    if (size < 8) throw new Error("A load command has no size");
    if (kind === codeSignature) signatureCommand = command;
    if (kind === segment64) {
      const name = file.toString("latin1", command + 8, command + 24).replace(/\0+$/, "");
      segments.set(name, {
        command,
        offset: Number(file.readBigUInt64LE(command + 40)),
        size: Number(file.readBigUInt64LE(command + 48)),
      });
    }
    command += size;
  }
  const [text, linkedit] = [segments.get("__TEXT"), segments.get("__LINKEDIT")];
  if (signatureCommand === undefined || text === undefined || linkedit === undefined) {
    throw new Error("The Mach-O file has no place for a signature");
  }
  return {
    signatureCommand,
    signature: { offset: file.readUInt32LE(signatureCommand + 8), size: file.readUInt32LE(signatureCommand + 12) },
    linkeditCommand: linkedit.command,
    linkedit,
    textSize: text.size,
  };
}

/** Writes where the signature is, and how large that makes the last segment. */
export function placeSignature(
  file: Buffer,
  { signatureCommand, linkeditCommand, linkedit }: MachO,
  size: number,
): void {
  const offset = file.readUInt32LE(signatureCommand + 8);
  file.writeUInt32LE(size, signatureCommand + 12);
  const segmentSize = offset + size - linkedit.offset;
  // In memory a segment takes whole pages, of 16 KiB on the processors of Apple.
  const page = 0x4000;
  file.writeBigUInt64LE(BigInt(Math.ceil(segmentSize / page) * page), linkeditCommand + 32);
  file.writeBigUInt64LE(BigInt(segmentSize), linkeditCommand + 48);
}
