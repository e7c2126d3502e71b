import { readFileSync } from "node:fs";

/** Put in by the build; absent when the source runs as it is. */
declare const IMAGESYNC_VERSION: string | undefined;

/** The version of imagesync, the same for all of its programs. */
export function version(): string {
  if (typeof IMAGESYNC_VERSION === "string") return IMAGESYNC_VERSION;
  const manifest: unknown = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "0.0.0";
}
