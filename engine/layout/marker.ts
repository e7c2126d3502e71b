import { asObject } from "../oci/descriptor.ts";
import { show } from "../oci/digest.ts";
import { layoutFault } from "./fault.ts";

/** The file has some dozen bytes. */
export const maxMarkerBytes: number = 64 * 1024;

/** What `oci-layout` holds in a layout of ours. */
export const markerBytes: Uint8Array = new TextEncoder().encode('{"imageLayoutVersion":"1.0.0"}');

/**
 * Checks `oci-layout`, the file by which a layout is told.
 * @throws `unsupported` for a version that does not exist yet, `manifest-invalid`.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file
 */
export function checkMarker(bytes: Uint8Array, path: string): void {
  let version: unknown;
  try {
    version = asObject(JSON.parse(new TextDecoder().decode(bytes)))?.["imageLayoutVersion"];
  } catch {
    version = undefined;
  }
  if (typeof version === "string" && version.startsWith("1.")) return;
  if (typeof version !== "string")
    throw layoutFault("manifest-invalid", "read", path, "it names no imageLayoutVersion");
  throw layoutFault("unsupported", "read", path, `its version is ${show(version)}, not 1`, "Update imagesync");
}
