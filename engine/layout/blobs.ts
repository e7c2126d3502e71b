import type { Readable } from "node:stream";
import type { ImagesyncError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { at, type Layout, missing, type Options } from "./layout.ts";
import { keptContent, sized } from "./manifests.ts";

/** Blobs of a layout: `blobs/<algorithm>/<encoded>`. */
export class LayoutBlobs {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Whether there is a file for it. What is in it is verified where it is read. */
  async has(digest: Digest, _options: Options = {}): Promise<boolean> {
    return await at(this.#layout, digest, async () => {
      return (await this.#layout.storage.blobSize(digest)) !== undefined;
    });
  }

  /** The bytes, not yet verified. @throws `not-found`, `size-mismatch` */
  async open(blob: Descriptor, options: Options = {}): Promise<Readable> {
    return await at(this.#layout, blob.digest, async () => {
      const opened = await this.#layout.storage.openBlob(blob.digest, options);
      if (opened === undefined) throw missing(this.#layout, "pull blob", blob.digest);
      if (opened.size === blob.size) return opened.content;
      opened.content.destroy();
      throw sized(this.#layout, blob.digest, opened.size, blob.size);
    });
  }

  /** Content stays. */
  delete(
    digest: Digest,
    _options: Options = {},
  ): Promise<{ readonly status: number; readonly error?: ImagesyncError }> {
    return Promise.resolve({ status: 405, error: keptContent(this.#layout, digest) });
  }
}
