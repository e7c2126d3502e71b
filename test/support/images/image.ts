import { type Algorithm, type TestBlob, bytesBlob, layerBlob } from "./blob.ts";
import {
  type TestDescriptor,
  type TestManifest,
  type TestPlatform,
  blobDescriptor,
  descriptorOf,
  manifestOf,
} from "./manifest.ts";
import { type Family, types } from "./media-types.ts";

/** A layer that needs more said than its size. */
interface LayerOptions {
  /** Bytes of the blob. */
  readonly size: number;
  /** Layers with equal seeds and sizes are the same blob, also across images. Default: from image and position. */
  readonly seed?: string;
  readonly algorithm?: Algorithm;
  /** A layer that is only described, with a URL elsewhere, and is not in the registry. */
  readonly foreign?: boolean;
}

export interface ImageOptions {
  /** Equal options with equal seeds give equal digests. */
  readonly seed: string;
  /** Sizes in bytes, lowest layer first. Default none. */
  readonly layers?: readonly (number | LayerOptions)[];
  /** Default `oci`. */
  readonly mediaTypes?: Family;
  /** Default linux/amd64. */
  readonly platform?: TestPlatform;
  /** Members of the config document beside those a runtime needs. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: TestManifest | TestDescriptor;
  /** Members of the manifest that no specification knows. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** A container image with config and layers. */
export function buildImage(options: ImageOptions): TestManifest {
  const family = types[options.mediaTypes ?? "oci"];
  const platform = options.platform ?? { os: "linux", architecture: "amd64" };
  const layers = (options.layers ?? []).map((layer, position) => {
    const wanted = typeof layer === "number" ? { size: layer } : layer;
    return { ...wanted, blob: layerBlob(wanted.seed ?? `${options.seed}/${position}`, wanted.size, wanted.algorithm) };
  });
  const config = configBlob(
    options,
    platform,
    layers.map((layer) => layer.blob),
  );
  const document = {
    schemaVersion: 2,
    mediaType: family.manifest,
    config: blobDescriptor(family.config, config),
    layers: layers.map(({ blob, foreign }) =>
      foreign === true
        ? { ...blobDescriptor(family.foreign, blob), urls: [`https://foreign.example/${blob.digest}`] }
        : blobDescriptor(family.layer, blob),
    ),
    ...(options.subject === undefined ? {} : { subject: subjectOf(options.subject) }),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
    ...options.extra,
  };
  const here = layers.filter((layer) => layer.foreign !== true).map((layer) => layer.blob);
  return manifestOf(family.manifest, document, { blobs: [config, ...here], platform });
}

/** The descriptor that a `subject` member holds. */
export function subjectOf(subject: TestManifest | TestDescriptor): TestDescriptor {
  return "bytes" in subject ? descriptorOf(subject) : subject;
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md */
function configBlob(options: ImageOptions, platform: TestPlatform, layers: readonly TestBlob[]): TestBlob {
  const created = "2024-01-02T03:04:05Z";
  return bytesBlob(
    JSON.stringify({
      created,
      ...platform,
      config: { Cmd: ["/content"], Labels: { seed: options.seed } },
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
      history: layers.map((_, position) => ({ created, created_by: `layer ${position}` })),
      ...options.config,
    }),
  );
}
