import { createEngine, parseLocation } from "../../engine/index.ts";

export interface ArchiveOptions {
  /** Directory of the layout with the image. */
  readonly layout: string;
  /** The archive that is made of it. */
  readonly file: string;
  readonly tag: string;
  readonly version: string;
}

/** Copies an image from a layout into an archive of one, by which every digest and size in it is checked. @throws what is wrong with it */
export async function verifiedArchive({ layout, file, tag, version }: ArchiveOptions): Promise<void> {
  const engine = createEngine({ userAgent: `imagesync/${version}`, environment: {} });
  try {
    const destination = parseLocation(`oci-archive:${file}:${tag}`);
    const plan = await engine.plan({ source: parseLocation(`oci:${layout}:${tag}`), destination });
    const { items } = await engine.apply(plan);
    for (const { outcome, error } of items) {
      if (outcome !== "done") throw error ?? new Error(`The image was not put into its archive: ${outcome}`);
    }
    const { missing } = await engine.inspect(destination, { depth: "blobs" });
    if (missing.manifests.length + missing.blobs.length > 0) throw new Error("The archive of the image is incomplete");
  } finally {
    await engine.close();
  }
}
