import { ImagesyncError } from "../errors.ts";
import { asObject, type Descriptor, parseDescriptor } from "../oci/descriptor.ts";
import { type Digest, quote } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { isTag } from "../oci/reference.ts";
import { layoutFault } from "./fault.ts";

/** The name of a tag in a layout. */
const nameKey = "org.opencontainers.image.ref.name";

/** How containerd and docker name the image of an entry; it goes with the tag. */
const containerdNameKey = "io.containerd.image.name";

/** Some million bytes are thousands of tags. */
export const maxIndexBytes: number = 32 * 1024 * 1024;

/** Each is looked at, also where it is two bytes that mean nothing. */
const maxEntries = 100_000;

type Fields = Readonly<Record<string, unknown>>;

/** One entry of `index.json`. */
export interface IndexEntry {
  readonly descriptor: Descriptor;
  /** A tag, or in the layouts of some tools a whole reference. */
  readonly name?: string | undefined;
}

/**
 * `index.json` of a layout: what is in it, by which names. A value; a change makes a new one. Whatever it holds that
 * is not known here stays.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 */
export class IndexDocument {
  readonly #fields: Fields;
  readonly #items: readonly unknown[];
  #entries: readonly IndexEntry[] | undefined;

  private constructor(fields: Fields, items: readonly unknown[]) {
    this.#fields = fields;
    this.#items = items;
  }

  /** Of a new layout. */
  static empty(): IndexDocument {
    return new IndexDocument({ schemaVersion: 2, mediaType: mediaTypes.ociIndex }, []);
  }

  /** Reads the text of the file at `path`. @throws `manifest-invalid` */
  static parse(bytes: Uint8Array, path: string): IndexDocument {
    let fields: Fields | undefined;
    try {
      fields = asObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    } catch {
      fields = undefined;
    }
    if (fields === undefined) throw layoutFault("manifest-invalid", "read", path, "it is not a JSON object");
    const { schemaVersion, manifests: items = [] } = fields as { schemaVersion?: unknown; manifests?: unknown };
    if (schemaVersion !== 2) throw layoutFault("manifest-invalid", "read", path, "its schemaVersion is not 2");
    if (items !== null && !Array.isArray(items))
      throw layoutFault("manifest-invalid", "read", path, "its manifests are not a list");
    if (items !== null && items.length > maxEntries)
      throw layoutFault("limit", "read", path, `it has ${items.length} entries, at most ${maxEntries} are read`);
    return new IndexDocument(fields, items ?? []);
  }

  /** The text of the file. @throws `limit` for one that nobody could read again */
  toBytes(): Uint8Array {
    // Without a prototype of its own a key called __proto__ is a key like any other.
    const fields = Object.assign(Object.create(null) as Record<string, unknown>, this.#fields);
    fields["manifests"] = this.#items;
    const bytes = new TextEncoder().encode(JSON.stringify(fields));
    if (this.#items.length <= maxEntries && bytes.byteLength <= maxIndexBytes) return bytes;
    throw new ImagesyncError({
      code: "limit",
      operation: "write the index",
      message: `Cannot write index.json of the layout: it would have ${this.#items.length} entries and ${bytes.byteLength} bytes, at most ${maxEntries} and ${maxIndexBytes} can be read again`,
      hint: "Use several layouts",
    });
  }

  /** Every entry that can be used, in the order of the file. One that cannot be is somebody else's and left alone. */
  get entries(): readonly IndexEntry[] {
    this.#entries ??= this.#items.flatMap((item) => {
      try {
        return [{ descriptor: parseDescriptor(item, "manifests"), name: nameOf(item) }];
      } catch {
        return [];
      }
    });
    return this.#entries;
  }

  /**
   * The entry of a tag: by its exact name, else the one whose whole reference ends in the tag.
   * @throws `manifest-invalid` when several are meant, or the one that is cannot be read.
   */
  find(tag: string): IndexEntry | undefined {
    const exact = this.#only(tag, (name) => name === tag);
    return exact ?? this.#only(tag, (name) => tagIn(name) === tag);
  }

  /** The tags, each once, in the order of the file: those that {@link find} finds without a doubt. */
  tags(): string[] {
    const meant = new Map<string, { readonly exact: Set<Digest>; readonly inName: Set<Digest> }>();
    for (const { name, descriptor } of this.entries) {
      const tag = name === undefined || isTag(name) ? name : tagIn(name);
      if (tag === undefined) continue;
      const { exact, inName } = meant.get(tag) ?? { exact: new Set(), inName: new Set() };
      meant.set(tag, { exact, inName });
      (tag === name ? exact : inName).add(descriptor.digest);
    }
    return [...meant].flatMap(([tag, { exact, inName }]) => ((exact.size || inName.size) === 1 ? [tag] : []));
  }

  /** The document with the tag on this manifest. The same document when it is there already. */
  withTag(tag: string, manifest: Manifest): IndexDocument {
    const current = this.#items.filter((item) => nameOf(item) === tag);
    if (current.length === 1 && digestIn(current[0]) === manifest.digest) return this;
    const others = this.#items.filter((item) => nameOf(item) !== tag);
    // An entry without a name for the same manifest is given the name, and keeps what else it says.
    const unnamed = others.find((item) => nameOf(item) === undefined && digestIn(item) === manifest.digest);
    const entry = asObject(unnamed) ?? describe(manifest);
    const named = { ...entry, annotations: { ...asObject(entry["annotations"]), [nameKey]: tag } };
    return this.#with(unnamed === undefined ? [...others, named] : others.with(others.indexOf(unnamed), named));
  }

  /** The document with an entry for this manifest, under whatever name. The same document when it has one. */
  withManifest(manifest: Manifest): IndexDocument {
    if (this.#items.some((item) => digestIn(item) === manifest.digest)) return this;
    const { annotations } = manifest;
    // A name in the annotations of a manifest is not one that was given here.
    const told = Object.entries(annotations ?? {}).filter(([key]) => key !== nameKey && key !== containerdNameKey);
    const entry = { ...describe(manifest), ...(told.length > 0 ? { annotations: Object.fromEntries(told) } : {}) };
    return this.#with([...this.#items, entry]);
  }

  /** The document without this entry for a tag. */
  withoutTag({ name, descriptor }: IndexEntry): IndexDocument {
    return this.#with(this.#items.filter((item) => nameOf(item) !== name || digestIn(item) !== descriptor.digest));
  }

  /** The same entries: those of an earlier document first, as they were, then what is new by names and digests. */
  inOrderAfter(before: IndexDocument): IndexDocument {
    const old = new Set(before.#items);
    const orderOf = (item: unknown): string => `${nameOf(item) ?? ""} ${String(digestIn(item))}`;
    const fresh = this.#items.filter((item) => !old.has(item));
    fresh.sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
    return this.#with([...this.#items.filter((item) => old.has(item)), ...fresh]);
  }

  #only(tag: string, isMeant: (name: string) => boolean): IndexEntry | undefined {
    const meant = this.#items.filter((item) => {
      const name = nameOf(item);
      return name !== undefined && isMeant(name);
    });
    const [first] = meant;
    if (first === undefined) return undefined;
    const digests = new Set(meant.map(digestIn));
    if (digests.size > 1) {
      throw new ImagesyncError({
        code: "manifest-invalid",
        operation: "resolve",
        message: `Cannot resolve the tag ${quote(tag)}: ${digests.size} images of the layout are called so`,
        hint: "Name the one that is meant by its digest",
      });
    }
    return { descriptor: parseDescriptor(first, `manifests of index.json, ${quote(tag)}`), name: nameOf(first) };
  }

  #with(items: readonly unknown[]): IndexDocument {
    return new IndexDocument(this.#fields, items);
  }
}

function describe({ mediaType, digest, bytes, artifactType }: Manifest): Fields {
  return { mediaType, digest, size: bytes.byteLength, ...(artifactType === undefined ? {} : { artifactType }) };
}

function nameOf(item: unknown): string | undefined {
  const name = asObject(asObject(item)?.["annotations"])?.[nameKey];
  return typeof name === "string" ? name : undefined;
}

function digestIn(item: unknown): unknown {
  return asObject(item)?.["digest"];
}

/** The tag at the end of a whole reference such as `docker.io/library/nginx:1.29`. */
function tagIn(name: string): string | undefined {
  const [withoutDigest = ""] = name.split("@", 1);
  const slash = withoutDigest.lastIndexOf("/");
  const colon = withoutDigest.lastIndexOf(":");
  const tag = withoutDigest.slice(colon + 1);
  return colon > slash && isTag(tag) ? tag : undefined;
}
