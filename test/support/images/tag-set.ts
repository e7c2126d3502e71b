import { buildImage } from "./image.ts";
import type { TestManifest } from "./manifest.ts";

export interface TagSetOptions {
  readonly seed: string;
  /** How many tags. */
  readonly tags: number;
  /** How many different manifests; the tags beyond are second names. At most `tags`. */
  readonly manifests: number;
  /** How many base images the manifests are built on, in turn. */
  readonly bases: number;
  /** Sizes in bytes of the layers of a base. */
  readonly baseLayers: readonly number[];
  /** Sizes in bytes of the layers of every image's own. */
  readonly ownLayers: readonly number[];
}

/** A repository as a project's CI fills it: many tags on few bases, some tags naming the same image. */
export function buildTagSet(options: TagSetOptions): ReadonlyMap<string, TestManifest> {
  const images = Array.from({ length: options.manifests }, (_, number) => {
    const base = number % options.bases;
    const below = options.baseLayers.map((size, at) => ({ size, seed: `${options.seed}/base-${base}/${at}` }));
    return buildImage({ seed: `${options.seed}/image-${number}`, layers: [...below, ...options.ownLayers] });
  });
  const tags = new Map<string, TestManifest>();
  for (let number = 0; number < options.tags; number += 1) {
    const image = images[number % options.manifests];
    if (image !== undefined) tags.set(`v${number}`, image);
  }
  return tags;
}
