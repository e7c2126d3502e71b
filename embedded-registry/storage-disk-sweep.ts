import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Removes the bytes that no repository names as a blob or a manifest. Only for the time before requests are served. */
export async function sweepUnusedContents(directory: string): Promise<void> {
  const used = new Set<string>();
  for (const path of await list(join(directory, "repositories"), true)) {
    const [shelf, name] = path.split(/[/\\]/).slice(-2);
    if (name !== undefined && (shelf === "_layers" || shelf === "_manifests")) used.add(name.replace("=", ":"));
  }
  for (const algorithm of await list(join(directory, "blobs"), false)) {
    for (const hex of await list(join(directory, "blobs", algorithm), false)) {
      if (!used.has(`${algorithm}:${hex}`)) await rm(join(directory, "blobs", algorithm, hex), { force: true });
    }
  }
}

async function list(path: string, recursive: boolean): Promise<string[]> {
  try {
    return await readdir(path, { recursive });
  } catch (error) {
    // A new directory has neither folder yet; any other failure must not look like "nothing is used".
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
