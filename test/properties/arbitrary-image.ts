import * as fc from "fast-check";
import { buildImage, buildIndex, type TestManifest } from "../support/images/index.ts";
import { buildArtifact } from "../support/images/artifact.ts";
import { buildAttestation } from "../support/images/image-index.ts";

/** Few of them, so that layers meet again: within an image, between images, beside what the destination holds. */
const layer = fc.record({
  seed: fc.constantFrom("a", "b", "c"),
  size: fc.constantFrom(0, 1, 700, 5000),
  algorithm: fc.constantFrom("sha256" as const, "sha256" as const, "sha512" as const),
  // Left at its origin by one image, brought along by another.
  foreign: fc.integer({ min: 0, max: 7 }).map((one) => one === 7),
});

const anyLayers = fc.array(layer, { maxLength: 4 });

const plainImage: fc.Arbitrary<TestManifest> = fc
  .record({
    seed: fc.constantFrom("one", "two", "three", "four"),
    layers: anyLayers,
    mediaTypes: fc.constantFrom("oci" as const, "docker" as const),
    platform: fc.constantFrom({ os: "linux", architecture: "amd64" }, { os: "linux", architecture: "arm64" }),
  })
  .map(buildImage);

const artifact: fc.Arbitrary<TestManifest> = fc
  .record({
    seed: fc.constantFrom("model", "chart"),
    blobs: fc.array(fc.constantFrom(1, 900), { minLength: 1, maxLength: 2 }),
  })
  .map((options) => buildArtifact({ ...options, artifactType: "application/vnd.example.any" }));

const index = (children: fc.Arbitrary<TestManifest>): fc.Arbitrary<TestManifest> =>
  fc
    .record({
      children: fc.array(children, { maxLength: 4 }),
      // Children that stand in it twice, and provenance beside them.
      again: fc.boolean(),
      attested: fc.boolean(),
    })
    .map(({ children, again, attested }) =>
      buildIndex({
        children: [
          ...children,
          ...(again ? children.slice(0, 1) : []),
          ...(attested ? children.slice(-1).map(buildAttestation) : []),
        ],
      }),
    );

/** Any image that a registry may hold: plain, an artifact, an index, indexes of indexes, with content that repeats. */
export const anyImage: fc.Arbitrary<TestManifest> = fc
  .letrec<{ image: TestManifest }>((tie) => ({
    image: fc.oneof(
      { depthSize: "small", maxDepth: 3, withCrossShrink: true },
      plainImage,
      artifact,
      index(tie("image")),
      index(plainImage),
    ),
  }))
  .image.map(readable);

/** A counterexample shows what the manifests say, not their bytes. */
function readable(image: TestManifest): TestManifest {
  return Object.assign({ ...image }, { [fc.toStringMethod]: () => outline(image) });
}

function outline({ bytes, children }: TestManifest): string {
  const inside = children.map((child) => outline(child)).join("");
  return `${JSON.stringify(JSON.parse(bytes.toString()))}\n${inside}`;
}
