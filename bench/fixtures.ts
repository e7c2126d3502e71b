import { type TestManifest, buildImage, buildPlatformIndex, buildTagSet } from "../test/support/images/index.ts";

/** A repository to copy: what each of its tags points at. */
export type Tags = ReadonlyMap<string, TestManifest>;

const MB = 1_000_000;
const only = (image: TestManifest): Tags => new Map([["v1", image]]);

/** Divides sizes when the bench only has to show that it works. */
export type Scale = (bytes: number) => number;

/** 300 MB in five layers: one large image. */
export function largeImage(scale: Scale): Tags {
  return only(buildImage({ seed: "bench/large", layers: [150, 80, 40, 20, 10].map((size) => scale(size * MB)) }));
}

/** Five platforms of four layers, one of them shared by all: 142 MB. */
export function platformIndex(scale: Scale): Tags {
  const layers = [18, 6, 3].map((size) => scale(size * MB));
  return only(buildPlatformIndex({ seed: "bench/platforms", shared: scale(7 * MB), layers }));
}

/** One layer of 1.5 GB. */
export function hugeLayer(scale: Scale): Tags {
  return only(buildImage({ seed: "bench/huge", layers: [scale(1500 * MB)] }));
}

/** How many tags the repositories have that are copied whole. */
export const tagsOfSets = 300;

/** 300 tags, 240 images on six bases: 738 blobs, 312 MB. */
export function tagSet(scale: Scale): Tags {
  return buildTagSet({
    seed: "bench/tags",
    tags: tagsOfSets,
    manifests: 240,
    bases: 6,
    baseLayers: [12, 12, 12].map((size) => scale(size * MB)),
    ownLayers: [200_000, 200_000].map((size) => scale(size)),
  });
}
