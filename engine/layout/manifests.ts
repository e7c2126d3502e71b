import { buffer } from "node:stream/consumers";
import { ImagesyncError, isNotFound } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { blobsOf, type Manifest, maxManifestBytes, parseManifest } from "../oci/manifest.ts";
import { isNonDistributable } from "../oci/media-types.ts";
import { tooLarge } from "./regular-file.ts";
import type { IndexDocument, IndexEntry } from "./index-document.ts";
import { at, type Layout, missing, type Options, spell } from "./layout.ts";

interface Head {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
}

/** Failures that say that what is there is not what it should be. */
const damaged: ReadonlySet<string> = new Set(["digest-mismatch", "size-mismatch", "manifest-invalid", "limit"]);

/** Manifests of a layout: the entries of its index by tag, its blobs by digest. */
export class LayoutManifests {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** What a tag or digest points at, read and verified: nothing is nearer than the file. @throws `not-found` */
  async head(key: string, options: Options = {}): Promise<Head> {
    return headOf(await this.get(key, options));
  }

  /** Whether it is there. At the destination one that is damaged is not: it is written anew then. */
  async find(key: string, options: Options = {}): Promise<Head | undefined> {
    return await at(this.#layout, key, async () => {
      const index = await this.#layout.storage.readIndex(options);
      const told = isDigest(key) ? describedIn(index, key) : index?.find(key)?.descriptor;
      const digest = isDigest(key) ? key : told?.digest;
      if (digest === undefined) return undefined;
      try {
        return headOf(await this.#read(digest, told, options));
      } catch (error) {
        const isDamaged = this.#layout.side === "destination" && error instanceof ImagesyncError;
        if (isNotFound(error) || (isDamaged && damaged.has(error.code))) return undefined;
        throw error;
      }
    });
  }

  /** The manifest itself, verified. @throws `not-found`, `digest-mismatch`, `size-mismatch` */
  async get(key: string, options: Options = {}): Promise<Manifest> {
    return await at(this.#layout, key, async () => {
      const index = await this.#layout.storage.readIndex(options);
      if (isDigest(key)) return await this.#read(key, describedIn(index, key), options);
      const { descriptor } = this.#resolve(index, key);
      return await this.#read(descriptor.digest, descriptor, options);
    });
  }

  /**
   * Keeps the bytes as they are, by tag or by digest, as a registry does: when all that they name is there.
   * What refers to another manifest is in the list of its referrers from then on.
   * @throws `manifest-invalid` with the registry code MANIFEST_BLOB_UNKNOWN when it is not.
   */
  async put(
    manifest: Manifest,
    key: string,
    options: Options & { readonly once?: boolean } = {},
  ): Promise<{ readonly listsSubject: true }> {
    const { storage, root } = this.#layout;
    return await at(this.#layout, key, async () => {
      await this.#checkContent(manifest);
      if (!(await this.#isKept(manifest, options))) await storage.writeBlob(manifest.digest, [manifest.bytes], options);
      if (!isDigest(key)) await storage.changeIndex((index) => index.withTag(key, manifest), options);
      // The children of an index are found by it. What refers to another manifest nothing else leads to.
      else if (key === root || manifest.subject !== undefined)
        await storage.changeIndex((index) => index.withManifest(manifest), options);
      return { listsSubject: true };
    });
  }

  /** Takes a tag away. Content stays: who deletes it has to know all that is needed. */
  async delete(
    key: string,
    options: Options & { readonly onlyTag?: string | undefined } = {},
  ): Promise<{ readonly status: number; readonly error?: ImagesyncError }> {
    if (isDigest(key)) return { status: 405, error: keptContent(this.#layout, key) };
    const outcome = await untag(this.#layout, key, undefined, options);
    return outcome === "deleted" ? { status: 202 } : { status: 404, error: missing(this.#layout, "delete tag", key) };
  }

  #resolve(index: IndexDocument | undefined, tag: string): IndexEntry {
    const entry = index?.find(tag);
    if (entry !== undefined) return entry;
    // Programs that store one image give it no name.
    const entries = index?.entries ?? [];
    const [only] = entries;
    if (this.#layout.nameless && only !== undefined && entries.length === 1) return only;
    throw missing(this.#layout, "resolve", tag, hintAt(index));
  }

  async #read(digest: Digest, told: Descriptor | undefined, options: Options): Promise<Manifest> {
    const blob = await this.#layout.storage.openBlob(digest, options);
    if (blob === undefined) throw missing(this.#layout, "pull manifest", digest);
    const { size, content } = blob;
    if (size > maxManifestBytes || (told !== undefined && told.size !== size)) {
      content.destroy();
      if (size > maxManifestBytes) throw tooLarge(spell(this.#layout, digest), size, maxManifestBytes);
      throw sized(this.#layout, digest, size, told?.size ?? 0);
    }
    return parseManifest(await buffer(content), told?.mediaType, digest);
  }

  async #isKept({ digest }: Manifest, options: Options): Promise<boolean> {
    try {
      await this.#read(digest, undefined, options);
      return true;
    } catch (error) {
      options.signal?.throwIfAborted();
      // Missing or damaged, it is written; what stands in the way shows then.
      if (error instanceof ImagesyncError) return false;
      throw error;
    }
  }

  async #checkContent(manifest: Manifest): Promise<void> {
    const content =
      manifest.kind === "index"
        ? manifest.manifests
        : blobsOf(manifest).filter((blob) => !isNonDistributable(blob.mediaType));
    for (const { digest, size } of content) {
      if ((await this.#layout.storage.blobSize(digest)) === size) continue;
      throw new ImagesyncError({
        code: "manifest-invalid",
        operation: "push manifest",
        registryCode: "MANIFEST_BLOB_UNKNOWN",
        message: `Cannot write manifest ${spell(this.#layout, manifest.digest)}: ${digest}, which it names, is not there with its ${size} bytes`,
        hint: "Copy the image again",
      });
    }
  }
}

/**
 * Takes a tag away, if it is on this digest; without a digest whatever it is on. The image stays, found by its digest.
 * @returns `absent` when the tag is not there, or on something else.
 */
export async function untag(
  { storage }: Layout,
  tag: string,
  digest: Digest | undefined,
  options: Options,
): Promise<"deleted" | "absent"> {
  let outcome: "deleted" | "absent" = "absent";
  // There may be no layout at all, and none is made to take something away from it.
  if ((await storage.readIndex(options)) === undefined) return outcome;
  await storage.changeIndex((index) => {
    const entry = index.find(tag);
    if (entry === undefined || (digest !== undefined && entry.descriptor.digest !== digest)) return index;
    outcome = "deleted";
    return index.withoutTag(entry);
  }, options);
  return outcome;
}

/** The answer to who wants content deleted. */
export function keptContent(layout: Layout, digest: Digest): ImagesyncError {
  return new ImagesyncError({
    code: "unsupported",
    operation: "delete",
    side: layout.side,
    registry: layout.name.registry,
    message: `Cannot delete ${spell(layout, digest)}: of a layout only tags are removed`,
    hint: "Copy what is to stay into a new layout",
  });
}

function describedIn(index: IndexDocument | undefined, digest: Digest): Descriptor | undefined {
  return index?.entries.find(({ descriptor }) => descriptor.digest === digest)?.descriptor;
}

function headOf({ digest, mediaType, bytes }: Manifest): Head {
  return { digest, mediaType, size: bytes.byteLength };
}

/** The error of a blob that has another size than its descriptor. */
export function sized(layout: Layout, digest: Digest, size: number, wanted: number): ImagesyncError {
  return new ImagesyncError({
    code: "size-mismatch",
    operation: "read a blob",
    side: layout.side,
    registry: layout.name.registry,
    message: `Cannot read ${spell(layout, digest)}: the file has ${size} bytes, its descriptor says ${wanted}`,
    hint: "The layout is damaged: write it anew",
  });
}

/** What may have been meant. */
function hintAt(index: IndexDocument | undefined): string {
  if (index === undefined) return "Check the path: there is no layout";
  const tags = index.tags();
  if (tags.length === 0) return "No image of the layout has a name: write its digest, @sha256:…";
  const more = tags.length > 5 ? `, and ${tags.length - 5} more` : "";
  return `It has ${tags.slice(0, 5).join(", ")}${more}`;
}
