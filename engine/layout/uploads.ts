import type { Digest } from "../oci/digest.ts";
import { at, type Layout, type Options } from "./layout.ts";

interface Session {
  readonly location: string;
}

interface Body {
  readonly bytes: number;
  readonly open: () => Uint8Array | AsyncIterable<Uint8Array>;
}

/** A file needs no session: nothing is there before the blob is. */
const session: Session = { location: "file" };

/** Writes blobs into a layout. */
export class LayoutUploads {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  start(options: Options = {}): Promise<Session> {
    options.signal?.throwIfAborted();
    return Promise.resolve(session);
  }

  /**
   * Whether the blob is here already. From another layout it is copied like from anywhere, and verified on the way:
   * nobody has looked yet whether it is there what its name says.
   */
  async mount(digest: Digest, from: string, options: Options = {}): Promise<"mounted" | Session> {
    const { name, storage } = this.#layout;
    if (from !== name.repository) return await this.start(options);
    return await at(this.#layout, digest, async () => {
      return (await storage.blobSize(digest)) === undefined ? session : "mounted";
    });
  }

  /** Writes the whole blob. @throws `digest-mismatch`, `quota`, `denied`, and what breaks the body. */
  async put(_session: Session, digest: Digest, body: Body, options: Options = {}): Promise<void> {
    await at(this.#layout, digest, async () => {
      const content = body.open();
      await this.#layout.storage.writeBlob(digest, content instanceof Uint8Array ? [content] : content, options);
    });
  }

  /** There is nothing to give back. */
  cancel(_session: Session): Promise<void> {
    return Promise.resolve();
  }
}
