const byteUnits = ["kB", "MB", "GB", "TB"] as const;

/** Bytes for people, in powers of 1000 as registries and disks are sold: `999 B`, `1.0 kB`, `5.2 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  let unit = "";
  for (const name of byteUnits) {
    if (value < 999.95) break;
    value /= 1000;
    unit = name;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** A duration for people: `42 ms`, `1.3 s`, `2 min 5 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `1 blob`, `2 blobs`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
