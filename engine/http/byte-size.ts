const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/**
 * Reads a number of bytes such as `50MiB`, `1.5GB` or `800 kB`; the unit must be there, as people mean different ones.
 * Undefined when it is none, or less than one byte.
 */
export function parseByteSize(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d{1,12}(?:\.\d{1,6})?) ?([kKMG]i?B|B)$/.exec(text) ?? [];
  const bytes = Math.round(Number(number) * (unitBytes[unit] ?? Number.NaN));
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
