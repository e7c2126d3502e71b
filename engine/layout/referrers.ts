import { ImagesyncError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, maxManifestBytes } from "../oci/manifest.ts";
import { isManifestType } from "../oci/media-types.ts";
import { at, type Layout, type Options } from "./layout.ts";
import type { LayoutManifests } from "./manifests.ts";

/** So many manifests of one index are read to find out what refers to what; an index of more is none of an image's. */
const maxLookedAt = 20_000;

/**
 * What refers to a manifest of a layout. The specification has no place for it, and programs differ: oras gives referrers
 * an entry of their own in the index, regctl lists them under the fallback tag of registries without the API. Both are
 * read, the first is written.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 */
export class LayoutReferrers {
  readonly #layout: Layout;
  readonly #manifests: LayoutManifests;

  constructor(layout: Layout, manifests: LayoutManifests) {
    this.#layout = layout;
    this.#manifests = manifests;
  }

  /** Those whose manifest is here and names the subject, whatever a list says. @throws `limit` */
  async list(subject: Digest, options: Options = {}): Promise<Descriptor[]> {
    return await at(this.#layout, subject, async () => {
      const index = await this.#layout.storage.readIndex(options);
      const entries = index?.entries ?? [];
      const fallbackTag = subject.replace(":", "-");
      const listed = entries.some(({ name }) => name === fallbackTag) ? await this.#listed(fallbackTag, options) : [];
      const found = new Map<Digest, Descriptor>();
      const candidates = [...entries.map(({ descriptor }) => descriptor), ...listed];
      if (candidates.length > maxLookedAt) throw tooMany(candidates.length);
      for (const candidate of candidates) {
        options.signal?.throwIfAborted();
        if (found.has(candidate.digest) || !isManifestType(candidate.mediaType)) continue;
        if (candidate.size > maxManifestBytes) continue;
        if ((await this.#subjectOf(candidate.digest, options)) === subject) {
          found.set(candidate.digest, await this.#describe(candidate, options));
        }
      }
      return [...found.values()];
    });
  }

  async #listed(tag: string, options: Options): Promise<readonly Descriptor[]> {
    const manifest = await this.#read(tag, options);
    return manifest?.kind === "index" ? manifest.manifests : [];
  }

  async #subjectOf(digest: Digest, options: Options): Promise<Digest | undefined> {
    const { subjects } = this.#layout;
    if (!subjects.has(digest)) {
      const manifest = await this.#read(digest, options);
      if (manifest === undefined) return undefined;
      subjects.set(digest, manifest.subject?.digest);
    }
    return subjects.get(digest);
  }

  /** As registries tell it: with the type and the annotations of the manifest. */
  async #describe(candidate: Descriptor, options: Options): Promise<Descriptor> {
    const manifest = await this.#read(candidate.digest, options);
    const { mediaType, digest, size } = candidate;
    const artifactType =
      manifest?.artifactType ?? (manifest?.kind === "image" ? manifest.config?.mediaType : undefined);
    const annotations = manifest?.annotations;
    return {
      mediaType,
      digest,
      size,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    };
  }

  /** Undefined for what is not here or no manifest: it refers to nothing. */
  async #read(key: string, options: Options): Promise<Manifest | undefined> {
    try {
      return await this.#manifests.get(key, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof ImagesyncError && error.code !== "unavailable" && error.code !== "denied") return undefined;
      throw error;
    }
  }
}

function tooMany(count: number): ImagesyncError {
  return new ImagesyncError({
    code: "limit",
    operation: "list referrers",
    message: `Cannot list referrers: the index of the layout has ${count} entries, at most ${maxLookedAt} are looked at`,
    hint: "Use several layouts, or copy without referrers",
  });
}
