import { ImagesyncError } from "../errors.ts";
import { asObject, type Descriptor, parseAnnotations, parseDescriptor } from "./descriptor.ts";
import { type Digest, digestAlgorithm, digestOf, quote, show } from "./digest.ts";
import {
  baseMediaType,
  isIndexType,
  isManifestType,
  isNonDistributable,
  isSchema1,
  mediaTypes,
} from "./media-types.ts";

/** What every manifest has. The bytes are the truth: they are pushed as they came, the rest is a view of them. */
interface ManifestBytes {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** What this manifest refers to as a referrer; it need not exist. */
  readonly subject?: Descriptor | undefined;
}

/** A manifest that names blobs: an image, an artifact. */
export interface ImageManifest extends ManifestBytes {
  readonly kind: "image";
  readonly config?: Descriptor | undefined;
  /** Layers in their order; for the withdrawn artifact manifest its `blobs`. Duplicates stay. */
  readonly layers: readonly Descriptor[];
}

/** A manifest that names manifests: an OCI index or a Docker manifest list. */
export interface Index extends ManifestBytes {
  readonly kind: "index";
  readonly manifests: readonly Descriptor[];
}

export type Manifest = ImageManifest | Index;

/** The specification asks registries for at least 4 MiB; larger ones exist behind private registries. */
export const maxManifestBytes: number = 8 * 1024 * 1024;

/** An image has at most 127 layers, an index some dozens of platforms: thousands are an attack. */
const maxDescriptors = 10_000;

/**
 * Reads a manifest of any kind: OCI and Docker, index and image, artifacts of unknown type. `expected` is the digest
 * that was asked for, when it was.
 * @throws `digest-mismatch`, `manifest-invalid`; `unsupported-media-type` for Docker schema 1, `limit`.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined, expected?: Digest): Manifest {
  if (bytes.byteLength > maxManifestBytes) throw tooLarge(bytes.byteLength);
  const digest = digestOf(bytes, expected ? digestAlgorithm(expected) : "sha256");
  if (expected !== undefined && digest !== expected) {
    throw new ImagesyncError({
      code: "digest-mismatch",
      operation: "read a manifest",
      message: `Cannot read manifest ${expected}: the registry sent bytes with the digest ${digest}`,
      hint: "The registry or a proxy before it serves damaged content",
    });
  }
  const type = baseMediaType(contentType);
  if (isSchema1(type)) throw schema1(type);
  const fields = parseJson(bytes);
  if (fields["schemaVersion"] === 1) throw schema1(mediaTypes.dockerSchema1);
  const mediaType = decideMediaType(type, fields);
  if (mediaType !== mediaTypes.ociArtifact && fields["schemaVersion"] !== 2) {
    throw invalid(`its schemaVersion is ${show(fields["schemaVersion"])}, not 2`);
  }
  const common = {
    bytes,
    mediaType,
    digest,
    ...optional("artifactType", typeof fields["artifactType"] === "string" ? fields["artifactType"] : undefined),
    ...optional("annotations", parseAnnotations(fields["annotations"])),
    ...optional("subject", present(fields["subject"]) ? parseDescriptor(fields["subject"], "subject") : undefined),
  };
  if (isIndexType(mediaType) || (present(fields["manifests"]) && !isManifestType(mediaType))) {
    return { ...common, kind: "index", manifests: descriptors(fields["manifests"], "manifests") };
  }
  const layers = mediaType === mediaTypes.ociArtifact ? "blobs" : "layers";
  return {
    ...common,
    kind: "image",
    layers: descriptors(fields[layers], layers),
    ...optional("config", present(fields["config"]) ? parseDescriptor(fields["config"], "config") : undefined),
  };
}

/**
 * Config and layers, each digest once, in their order. One that may be distributed in one place and not in another is
 * wanted: registries refuse the manifest without it.
 */
export function blobsOf(manifest: ImageManifest): Descriptor[] {
  const all = manifest.config ? [manifest.config, ...manifest.layers] : manifest.layers;
  const blobs = new Map<Digest, Descriptor>();
  for (const blob of all) {
    if (!(blobs.has(blob.digest) && isNonDistributable(blob.mediaType))) blobs.set(blob.digest, blob);
  }
  return [...blobs.values()];
}

/**
 * The media type is what the registry says if it is a manifest's, else what the body says, else what it looks like:
 * an OCI manifest may leave the field out, and proxies serve manifests as text/plain.
 */
function decideMediaType(type: string, fields: Readonly<Record<string, unknown>>): string {
  const stated = typeof fields["mediaType"] === "string" ? fields["mediaType"] : "";
  const inBody = baseMediaType(stated);
  if (isSchema1(inBody)) throw schema1(inBody);
  if (isManifestType(type) && inBody !== "" && inBody !== type) {
    throw invalid(`it is served as ${quote(type)} but calls itself ${quote(inBody)}`);
  }
  const isIndex = present(fields["manifests"]);
  const isImage = present(fields["layers"]) || present(fields["config"]);
  // One document that can be read as two things is how clients are made to disagree about a digest (CVE-2021-41190).
  if (isIndex && isImage) throw invalid("it has both manifests and layers");
  const decided = isManifestType(type) ? type : inBody;
  if (isIndexType(decided) && isImage) throw invalid("an index has no layers");
  if (isManifestType(decided) && !isIndexType(decided) && isIndex) throw invalid("an image has no manifests");
  if (isManifestType(decided)) return decided;
  if (decided !== "") {
    // A type of somebody's own is pushed letter for letter, as a header: registries compare it with the document.
    if (!/^[!-~ ]{1,255}$/.test(stated)) throw invalid(`its mediaType is ${quote(stated)}`);
    return stated;
  }
  if (isIndex) return mediaTypes.ociIndex;
  if (isImage) return mediaTypes.ociManifest;
  throw invalid(`nothing says what it is: the Content-Type is ${quote(type)}, and it has neither manifests nor layers`);
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message quotes the body, which may be a login page: say only what it is not.
    throw invalid("it is not JSON");
  }
  const fields = asObject(value);
  if (!fields) throw invalid("it is not a JSON object");
  return fields;
}

function descriptors(value: unknown, name: string): Descriptor[] {
  if (!present(value)) return [];
  if (!Array.isArray(value)) throw invalid(`its ${name} are not a list`);
  if (value.length > maxDescriptors) {
    throw new ImagesyncError({
      code: "limit",
      operation: "read a manifest",
      message: `Cannot read the manifest: it lists ${value.length} ${name}, at most ${maxDescriptors} are read`,
    });
  }
  return value.map((item, position) => parseDescriptor(item, `${name}[${position}]`));
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}

function invalid(why: string): ImagesyncError {
  return new ImagesyncError({
    code: "manifest-invalid",
    operation: "read a manifest",
    message: `Cannot read the manifest: ${why}`,
    hint: "Check that the address is a registry's and that the image is whole there",
  });
}

function schema1(mediaType: string): ImagesyncError {
  return new ImagesyncError({
    code: "unsupported-media-type",
    operation: "read a manifest",
    message: `Cannot read the manifest: it is Docker schema 1 (${mediaType}), which is deprecated and cannot be verified`,
    hint: "Pull and push the image once with a current client, which converts it, or rebuild it",
  });
}

function tooLarge(bytes: number): ImagesyncError {
  return new ImagesyncError({
    code: "limit",
    operation: "read a manifest",
    message: `Cannot read the manifest: it has ${bytes} bytes, at most ${maxManifestBytes} are read`,
  });
}
