import { RegistryError } from "./errors.ts";
import { parseDigest } from "./grammar.ts";

/** What a manifest names, as far as a registry has to know. */
export interface ManifestDocument {
  /** Config, layers, blobs: must be in the repository, unless exempt. */
  readonly blobs: readonly ReferencedContent[];
  /** Children of an index. */
  readonly manifests: readonly ReferencedContent[];
  /** Digest of the manifest that this one refers to; it need not exist. */
  readonly subject: string | undefined;
  /** The type under which the referrers API lists this manifest. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** A descriptor, checked. */
export interface ReferencedContent {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

type Fields = Readonly<Record<string, unknown>>;

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json";
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+/;

/** Layers that clients fetch from elsewhere: the registry need not have them. */
const ELSEWHERE =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.v1\.tar(?:\+gzip|\+zstd)?|docker\.image\.rootfs\.foreign\.diff\.tar(?:\.gzip)?)$/;

/**
 * Reads the bytes of a manifest that was pushed with the given media type.
 * @throws RegistryError MANIFEST_INVALID for everything that is not one well-formed, unambiguous manifest.
 */
export function readManifest(bytes: Buffer, mediaType: string): ManifestDocument {
  if (SCHEMA_1.test(mediaType)) throw invalid("Docker schema 1 manifests are not supported");
  const fields = parse(bytes);
  checkHead(fields, mediaType);
  const config = fields["config"] === undefined ? [] : [content(fields["config"], "config")];
  return {
    blobs: [...config, ...contents(fields, "layers"), ...contents(fields, "blobs")].filter(
      (blob) => !ELSEWHERE.test(blob.mediaType),
    ),
    manifests: contents(fields, "manifests"),
    subject: fields["subject"] === undefined ? undefined : content(fields["subject"], "subject").digest,
    // https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
    artifactType: text(fields, "artifactType") ?? config[0]?.mediaType,
    annotations: annotations(fields["annotations"]),
  };
}

function parse(bytes: Buffer): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw invalid("The manifest is not JSON");
  }
  if (!isObject(value)) throw invalid("The manifest is not a JSON object");
  return value;
}

function checkHead(fields: Fields, mediaType: string): void {
  // The withdrawn artifact manifest is the one kind that never had a schemaVersion.
  if (fields["schemaVersion"] !== 2 && !(mediaType === ARTIFACT && fields["schemaVersion"] === undefined)) {
    throw invalid("The schemaVersion of a manifest must be 2");
  }
  const stated = text(fields, "mediaType");
  const optional = mediaType === IMAGE || mediaType === INDEX;
  if (stated !== mediaType && !(stated === undefined && optional)) {
    throw invalid("The mediaType of the manifest is not its Content-Type");
  }
  // A document that can be read as an index and as an image means different things to different clients:
  // https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
  if (fields["manifests"] !== undefined && (fields["layers"] !== undefined || fields["config"] !== undefined)) {
    throw invalid("The manifest is an image and an index at once");
  }
  const needed: Readonly<Record<string, readonly string[]>> = {
    [IMAGE]: ["config", "layers"],
    [DOCKER_IMAGE]: ["config", "layers"],
    [INDEX]: ["manifests"],
    [DOCKER_LIST]: ["manifests"],
  };
  for (const name of needed[mediaType] ?? []) {
    if (fields[name] === undefined) throw invalid(`The manifest has no ${name}`);
  }
}

function contents(fields: Fields, name: string): ReferencedContent[] {
  const list = fields[name];
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw invalid(`The ${name} of the manifest are not a list`);
  return list.map((entry) => content(entry, name));
}

function content(value: unknown, name: string): ReferencedContent {
  if (!isObject(value)) throw invalid(`A descriptor in ${name} is not an object`);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== "string" || mediaType === "") throw invalid(`A descriptor in ${name} has no mediaType`);
  if (typeof digest !== "string" || parseDigest(digest) === undefined) {
    throw invalid(`A descriptor in ${name} has no valid digest`);
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`A descriptor in ${name} has no valid size`);
  }
  return { mediaType, digest, size };
}

function annotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw invalid("The annotations of the manifest are not an object");
  // Entries, not assignments: an annotation may be called __proto__.
  const entries = Object.entries(value).map(([key, entry]): [string, string] => {
    if (typeof entry !== "string") throw invalid("An annotation of the manifest is not a string");
    return [key, entry];
  });
  return Object.fromEntries(entries);
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === "string") return value === "" ? undefined : value;
  throw invalid(`The ${name} of the manifest is not a string`);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(message: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", message);
}
