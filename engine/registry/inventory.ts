import { asObject } from "../oci/descriptor.ts";
import { type Digest, isDigest, quote, show } from "../oci/digest.ts";
import { isTag } from "../oci/reference.ts";

/** One manifest of a repository, tagged or not. */
export interface InventoryEntry {
  readonly tags: readonly string[];
  readonly mediaType?: string | undefined;
  /** When it was pushed, in milliseconds since 1970. */
  readonly uploadedAtMs?: number | undefined;
}

/** Every manifest that a repository has: also those that no tag and no index leads to. */
export type Inventory = ReadonlyMap<Digest, InventoryEntry>;

/** Why a list is not believed. Who deletes by an inventory must not do so by a wrong one. */
export class InventoryDoubt extends Error {}

/**
 * Collects the inventory that Google's registries send along with the tags of a repository, page by page.
 * @see https://github.com/google/go-containerregistry/blob/v0.20.2/pkg/v1/google/list.go
 */
export class InventoryReader {
  readonly #manifests = new Map<Digest, InventoryEntry>();
  readonly #digests = new Map<string, Digest>();
  readonly #listed = new Set<string>();

  /**
   * Takes the parsed answer of one page.
   * @returns false when there is no inventory in it.
   * @throws InventoryDoubt for one that is not of the known form, or that contradicts itself.
   */
  add(page: Readonly<Record<string, unknown>>): boolean {
    if (page["manifest"] === undefined) return false;
    const manifests = asObject(page["manifest"]);
    if (manifests === undefined) throw new InventoryDoubt("its manifests are no map");
    for (const [digest, value] of Object.entries(manifests)) this.#addManifest(digest, value);
    const tags = page["tags"] ?? [];
    if (!Array.isArray(tags)) throw new InventoryDoubt("its tags are no list");
    for (const tag of tags) this.#listed.add(checkTag(tag));
    return true;
  }

  /** All pages together. @throws InventoryDoubt when tags and manifests are not of one repository at one time. */
  finish(): Inventory {
    for (const tag of this.#listed) {
      if (!this.#digests.has(tag)) throw new InventoryDoubt(`the tag ${tag} is on no manifest`);
    }
    for (const tag of this.#digests.keys()) {
      if (!this.#listed.has(tag)) throw new InventoryDoubt(`the tag ${tag} of a manifest is not listed`);
    }
    return this.#manifests;
  }

  #addManifest(digest: string, value: unknown): void {
    const fields = asObject(value);
    if (!isDigest(digest)) throw new InventoryDoubt(`${quote(digest)} is no digest`);
    if (fields === undefined) throw new InventoryDoubt(`the entry of ${digest} is no object`);
    if (!Array.isArray(fields["tag"])) throw new InventoryDoubt(`the tags of ${digest} are no list`);
    const tags = fields["tag"].map(checkTag);
    for (const tag of tags) {
      const other: string = this.#digests.get(tag) ?? digest;
      if (other !== digest) throw new InventoryDoubt(`the tag ${tag} is on two manifests`);
      this.#digests.set(tag, digest);
    }
    const mediaType = fields["mediaType"];
    const onEarlierPages = this.#manifests.get(digest)?.tags ?? [];
    this.#manifests.set(digest, {
      tags: [...new Set([...onEarlierPages, ...tags])],
      ...(typeof mediaType === "string" && mediaType !== "" ? { mediaType } : {}),
      ...uploadTime(fields["timeUploadedMs"], digest),
    });
  }
}

function checkTag(tag: unknown): string {
  if (typeof tag === "string" && isTag(tag)) return tag;
  throw new InventoryDoubt(`${show(tag)} is no tag`);
}

/** A number in a string, because it has 64 bits there. */
function uploadTime(value: unknown, digest: Digest): { readonly uploadedAtMs?: number } {
  // What was never set is zero in Google's messages: it does not mean that the manifest is old.
  if (value === undefined || value === "0" || value === 0) return {};
  const uploadedAtMs = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof uploadedAtMs === "number" && Number.isSafeInteger(uploadedAtMs) && uploadedAtMs >= 0) {
    return { uploadedAtMs };
  }
  throw new InventoryDoubt(`the time of ${digest} is ${show(value)}`);
}
