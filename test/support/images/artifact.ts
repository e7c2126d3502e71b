import { bytesBlob, layerBlob } from "./blob.ts";
import { subjectOf } from "./image.ts";
import { type TestDescriptor, type TestManifest, blobDescriptor, manifestOf } from "./manifest.ts";
import { emptyType, types, withdrawnArtifactType } from "./media-types.ts";

export interface ArtifactOptions {
  readonly seed: string;
  /** Sizes in bytes of its blobs. */
  readonly blobs: readonly number[];
  /** Media type of the blobs; default one that nobody knows. */
  readonly blobType?: string;
  /** Media type of the config; default the empty config of OCI 1.1, its content inline as `data` too. */
  readonly configType?: string;
  readonly artifactType?: string;
  readonly subject?: TestManifest | TestDescriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

const unknownBlobType = "application/vnd.example.weights.v1";

/**
 * Something that is not a container image, packed in an image manifest.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 */
export function buildArtifact(options: ArtifactOptions): TestManifest {
  const blobs = options.blobs.map((size, position) => layerBlob(`${options.seed}/${position}`, size));
  const empty = options.configType === undefined;
  const config = bytesBlob(empty ? "{}" : JSON.stringify({ seed: options.seed }));
  const configType = options.configType ?? emptyType;
  const document = {
    schemaVersion: 2,
    mediaType: types.oci.manifest,
    ...(options.artifactType === undefined ? {} : { artifactType: options.artifactType }),
    config: { ...blobDescriptor(configType, config), ...(empty ? { data: "e30=" } : {}) },
    layers: blobs.map((blob) => blobDescriptor(options.blobType ?? unknownBlobType, blob)),
    ...(options.subject === undefined ? {} : { subject: subjectOf(options.subject) }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
  return manifestOf(types.oci.manifest, document, { blobs: [config, ...blobs] });
}

/** An artifact in the manifest type that OCI withdrew before 1.1: `blobs` instead of config and layers. */
export function buildWithdrawnArtifact(options: Omit<ArtifactOptions, "configType">): TestManifest {
  const blobs = options.blobs.map((size, position) => layerBlob(`${options.seed}/${position}`, size));
  const document = {
    mediaType: withdrawnArtifactType,
    artifactType: options.artifactType ?? "application/vnd.example.sbom.v1",
    blobs: blobs.map((blob) => blobDescriptor(options.blobType ?? unknownBlobType, blob)),
    ...(options.subject === undefined ? {} : { subject: subjectOf(options.subject) }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
  return manifestOf(withdrawnArtifactType, document, { blobs });
}
