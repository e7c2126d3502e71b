import { bytesBlob } from "./blob.ts";
import { buildImage, subjectOf } from "./image.ts";
import {
  type TestDescriptor,
  type TestManifest,
  type TestPlatform,
  blobDescriptor,
  descriptorOf,
  manifestOf,
} from "./manifest.ts";
import { type Family, types } from "./media-types.ts";

export interface IndexOptions {
  readonly children: readonly TestManifest[];
  /** Default `oci`; `docker` writes a manifest list. */
  readonly mediaTypes?: Family;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly subject?: TestManifest | TestDescriptor;
}

/** An index over any manifests, other indexes too. Children bring their platform and annotations with them. */
export function buildIndex(options: IndexOptions): TestManifest {
  const mediaType = types[options.mediaTypes ?? "oci"].index;
  const document = {
    schemaVersion: 2,
    mediaType,
    ...(options.artifactType === undefined ? {} : { artifactType: options.artifactType }),
    manifests: options.children.map((child) => ({
      ...descriptorOf(child),
      ...(child.platform === undefined ? {} : { platform: child.platform }),
      ...(child.annotations === undefined ? {} : { annotations: child.annotations }),
    })),
    ...(options.subject === undefined ? {} : { subject: subjectOf(options.subject) }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
  return manifestOf(mediaType, document, { children: options.children });
}

/** The platforms that popular images are built for. */
const fivePlatforms: readonly TestPlatform[] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64", variant: "v8" },
  { os: "linux", architecture: "arm", variant: "v7" },
  { os: "linux", architecture: "ppc64le" },
  { os: "linux", architecture: "s390x" },
];

export interface PlatformIndexOptions {
  readonly seed: string;
  /** Bytes of the layers of every platform. */
  readonly layers: readonly number[];
  /** Bytes of one more layer that all platforms share; default none. */
  readonly shared?: number;
  readonly mediaTypes?: Family;
  /** Default {@link fivePlatforms}. */
  readonly platforms?: readonly TestPlatform[];
}

/** An index with an image for each platform. */
export function buildPlatformIndex(options: PlatformIndexOptions): TestManifest {
  const mediaTypes = options.mediaTypes ?? "oci";
  const shared = options.shared === undefined ? [] : [{ size: options.shared, seed: `${options.seed}/shared` }];
  const children = (options.platforms ?? fivePlatforms).map((platform) =>
    buildImage({
      seed: `${options.seed}/${platform.architecture}${platform.variant ?? ""}`,
      layers: [...shared, ...options.layers],
      mediaTypes,
      platform,
    }),
  );
  return buildIndex({ children, mediaTypes });
}

/**
 * The provenance that BuildKit hangs beside an image in an index: a manifest for the platform unknown/unknown which
 * names its image in an annotation.
 * @see https://github.com/moby/buildkit/blob/v0.16.0/docs/attestations/attestation-storage.md
 */
export function buildAttestation(image: TestManifest): TestManifest {
  const statement = bytesBlob(
    JSON.stringify({
      _type: "https://in-toto.io/Statement/v0.1",
      predicateType: "https://slsa.dev/provenance/v0.2",
      subject: [{ name: "image", digest: { sha256: image.digest.slice("sha256:".length) } }],
      predicate: { buildType: "https://mobyproject.org/buildkit@v1" },
    }),
  );
  const config = bytesBlob(
    JSON.stringify({
      architecture: "unknown",
      os: "unknown",
      config: {},
      rootfs: { type: "layers", diff_ids: [statement.digest] },
    }),
  );
  const document = {
    schemaVersion: 2,
    mediaType: types.oci.manifest,
    config: blobDescriptor(types.oci.config, config),
    layers: [
      {
        ...blobDescriptor("application/vnd.in-toto+json", statement),
        annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" },
      },
    ],
  };
  return manifestOf(types.oci.manifest, document, {
    blobs: [config, statement],
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": image.digest,
    },
  });
}
