import { buildCosignSignatures, buildReferrer, sbomType } from "./companions.ts";
import { buildPlatformIndex } from "./image-index.ts";
import type { TestManifest } from "./manifest.ts";

/** An image with what can belong to one. */
export interface SignedImage {
  /** An index of two platforms. */
  readonly image: TestManifest;
  /** Refers to the index. */
  readonly bundle: TestManifest;
  /** Refers to the first platform's image. */
  readonly sbom: TestManifest;
  /** Refers to the SBOM. */
  readonly sbomSignature: TestManifest;
  /** For the tag `sha256-….sig` of the index. */
  readonly cosign: TestManifest;
  /** What refers to something by its subject, with that. */
  readonly referrers: readonly (readonly [subject: TestManifest, referrer: TestManifest])[];
}

/** @param layerBytes size of the one layer of each platform. */
export function buildSignedImage(layerBytes: number): SignedImage {
  const image = buildPlatformIndex({
    seed: "signed",
    layers: [layerBytes],
    platforms: ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture })),
  });
  const [child] = image.children as [TestManifest];
  const bundle = buildReferrer(image, "bundle");
  const sbom = buildReferrer(child, "sbom", sbomType);
  const sbomSignature = buildReferrer(sbom, "signature of the sbom");
  const referrers = [
    [image, bundle],
    [child, sbom],
    [sbom, sbomSignature],
  ] as const;
  return { image, bundle, sbom, sbomSignature, cosign: buildCosignSignatures(image, ["first"]), referrers };
}
