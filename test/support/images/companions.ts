import { buildArtifact } from "./artifact.ts";
import { bytesBlob } from "./blob.ts";
import { buildIndex } from "./image-index.ts";
import { blobDescriptor, manifestOf, type TestDescriptor, type TestManifest } from "./manifest.ts";
import { types } from "./media-types.ts";

/** A sigstore bundle, as cosign 3 writes signatures. */
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const sbomType = "application/spdx+json";

/** An artifact that refers to a manifest. */
export function buildReferrer(
  subject: TestManifest | TestDescriptor,
  seed: string,
  artifactType: string = bundleType,
): TestManifest {
  return buildArtifact({
    seed,
    blobs: [300],
    artifactType,
    subject,
    annotations: { "org.opencontainers.image.created": "2024-01-02T03:04:05Z" },
  });
}

/** The fallback tag of a manifest: `sha256-…`; with a suffix a tag as cosign names it: `sha256-….sig`. */
export function attachmentTag({ digest }: Pick<TestManifest, "digest">, suffix?: string): string {
  const name = digest.replace(":", "-");
  return suffix === undefined ? name : `${name}.${suffix}`;
}

/** The list that clients keep under the fallback tag; without artifact types, as many of them write it. */
export function buildFallbackIndex(referrers: readonly TestManifest[]): TestManifest {
  return buildIndex({ children: referrers });
}

/** Signatures of an image as cosign kept them before version 3: a layer each, all with the same bytes. */
export function buildCosignSignatures({ digest }: TestManifest, signatures: readonly string[]): TestManifest {
  const payload = bytesBlob(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": "example/app" },
        image: { "docker-manifest-digest": digest },
        type: "cosign container image signature",
      },
      optional: null,
    }),
  );
  const config = bytesBlob(
    JSON.stringify({
      architecture: "",
      os: "",
      config: {},
      rootfs: { type: "layers", diff_ids: signatures.map(() => payload.digest) },
    }),
  );
  const document = {
    schemaVersion: 2,
    mediaType: types.oci.manifest,
    config: blobDescriptor(types.oci.config, config),
    layers: signatures.map((signature) => ({
      ...blobDescriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload),
      annotations: { "dev.cosignproject.cosign/signature": signature },
    })),
  };
  return manifestOf(types.oci.manifest, document, { blobs: [config, payload] });
}

/** The list of referrers with a member for each, as the fallback tag of others may look: entries letter for letter. */
export function buildForeignIndex(entries: readonly object[], more: object = {}): TestManifest {
  return manifestOf(types.oci.index, { schemaVersion: 2, mediaType: types.oci.index, manifests: entries, ...more });
}
