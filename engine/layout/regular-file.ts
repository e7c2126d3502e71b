import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { layoutFault } from "./fault.ts";

/**
 * Opens a file for reading that has to be one: a link could lead anywhere, and a pipe would never end. Who gets the
 * handle closes it.
 * @throws what the file system says; `manifest-invalid` for a link, a directory, a device.
 */
export async function openRegular(path: string, links: "refuse" | "follow" = "refuse"): Promise<FileHandle> {
  // Windows knows neither.
  const noFollow = links === "refuse" ? (constants.O_NOFOLLOW ?? 0) : 0;
  const handle = await open(path, constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0));
  try {
    if ((await handle.stat()).isFile()) return handle;
    // What is named by the user may be followed; what is not is a part of a layout.
    const hint = links === "follow" ? "Write oci: before a directory, oci-archive: before a tar file" : undefined;
    throw layoutFault("manifest-invalid", "read", path, "it is no file", hint);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A whole small file. @throws as {@link openRegular}; `limit` when it has more bytes. */
export async function readSmall(path: string, maxBytes: number): Promise<Uint8Array> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw tooLarge(path, size, maxBytes);
    return await readFully(handle, 0, size);
  } finally {
    await handle.close();
  }
}

/** These bytes of a file, or fewer where it ends. */
export async function readFully(handle: FileHandle, position: number, bytes: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** The error of something that is too large to be what it should be. */
export function tooLarge(path: string, bytes: number, maxBytes: number): Error {
  return layoutFault("limit", "read", path, `it has ${bytes} bytes, at most ${maxBytes} are read`);
}
