import { buildArtifact, buildWithdrawnArtifact } from "./artifact.ts";
import { buildImage } from "./image.ts";
import { buildAttestation, buildIndex, buildPlatformIndex } from "./image-index.ts";
import { type TestManifest, blobDescriptor, manifestOf } from "./manifest.ts";
import { bytesBlob } from "./blob.ts";
import { types } from "./media-types.ts";

/** One kind of content that registries hold, small, for tests that go through all of them. */
export interface ImageKind {
  readonly name: string;
  /** False where distribution 2.8 refuses the manifest: the withdrawn type, foreign URLs it was not told of. */
  readonly distribution2: boolean;
  build(): TestManifest;
}

function kind(name: string, build: () => TestManifest, distribution2 = true): ImageKind {
  return { name, distribution2, build };
}

const attested = (): TestManifest => {
  const image = buildImage({ seed: "attested", layers: [4000, 2000] });
  return buildIndex({ children: [image, buildAttestation(image)] });
};

const nested = (): TestManifest => {
  const inner = buildPlatformIndex({ seed: "inner", layers: [3000] });
  const beside = buildImage({ seed: "beside the inner index", layers: [2500] });
  return buildIndex({ children: [buildIndex({ children: [inner] }), beside] });
};

/** A manifest without the optional `mediaType`: its type is known from Content-Type alone. */
const untyped = (): TestManifest => {
  const typed = buildImage({ seed: "untyped", layers: [2000] });
  const { mediaType: _, ...document } = JSON.parse(typed.bytes.toString()) as { mediaType: string };
  return manifestOf(types.oci.manifest, document, { blobs: typed.blobs });
};

const missingSubject = {
  ...blobDescriptor(types.oci.manifest, bytesBlob("a manifest that is at no registry")),
  size: 700,
};

/** Every kind of manifest the specifications allow. Building is deterministic: a golden test holds their digests. */
export const imageKinds: readonly ImageKind[] = [
  kind("single image", () => buildImage({ seed: "single", layers: [5000, 70_000, 1500] })),
  kind("Docker image", () => buildImage({ seed: "docker", layers: [5000, 3000], mediaTypes: "docker" })),
  kind("index of five platforms", () => buildPlatformIndex({ seed: "five", layers: [4000, 2000], shared: 6000 })),
  kind("Docker list", () => buildPlatformIndex({ seed: "list", layers: [4000], mediaTypes: "docker" })),
  kind("nested index", nested),
  kind("index with attestations", attested),
  kind("index without children", () => buildIndex({ children: [] })),
  kind("index with subject and artifact type", () =>
    buildIndex({
      children: [buildImage({ seed: "referring", layers: [2000] })],
      artifactType: "application/vnd.example.bundle.v1",
      subject: missingSubject,
    }),
  ),
  kind("artifact with an unknown config type", () =>
    buildArtifact({ seed: "model", blobs: [3000], configType: "application/vnd.example.model.config.v1+json" }),
  ),
  kind("artifact with the empty config", () =>
    buildArtifact({ seed: "chart", blobs: [3000], artifactType: "application/vnd.example.chart.v1" }),
  ),
  kind("withdrawn artifact manifest", () => buildWithdrawnArtifact({ seed: "withdrawn", blobs: [3000] }), false),
  kind("zero-byte layer", () => buildImage({ seed: "zero", layers: [0, 2000] })),
  kind("layers of a few bytes", () => buildImage({ seed: "few", layers: [1, 22, 23, 24] })),
  kind("duplicate layers", () =>
    buildImage({ seed: "twice", layers: [{ size: 3000, seed: "same" }, 2000, { size: 3000, seed: "same" }] }),
  ),
  kind("no layers", () => buildImage({ seed: "none" })),
  kind("sha512 layer", () => buildImage({ seed: "sha512", layers: [{ size: 3000, algorithm: "sha512" }] })),
  kind("foreign layer", () => buildImage({ seed: "foreign", layers: [{ size: 3000, foreign: true }, 2000] }), false),
  kind(
    "foreign layer of Docker",
    () => buildImage({ seed: "windows", mediaTypes: "docker", layers: [{ size: 3000, foreign: true }, 2000] }),
    false,
  ),
  kind("subject that is missing", () => buildImage({ seed: "orphan", layers: [2000], subject: missingSubject })),
  kind("unknown members", () =>
    buildImage({ seed: "extra", layers: [2000], extra: { "x-vendor": { deep: [1, null, "é\u2028"] } } }),
  ),
  kind("no media type in the document", untyped),
];
