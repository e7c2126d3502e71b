import type { ReadOptions } from "../graph/manifest-cache.ts";
import { isManifest, readTree } from "../graph/walk.ts";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import type { Ends, PlanItem } from "./plan.ts";
import type { Rule } from "./rule.ts";

/** Whose companions are looked for at the source. */
export interface CompanionSubjects {
  /** Their companions go with the image. */
  readonly travelling: readonly Digest[];
  /** The index of which only some platforms are copied: what refers to it does not apply to the subset. */
  readonly replaced: readonly Digest[];
}

/**
 * The manifests of an image that others can refer to. The children of an index are among them when the image is
 * brought, or looked at more deeply than by its tag: they are rarely referred to, and each costs a request at
 * registries with the referrers API.
 */
export async function companionSubjects(
  rule: Rule,
  image: PlanItem,
  ends: Ends,
  options: ReadOptions,
): Promise<CompanionSubjects> {
  const { integrity = "tag" } = rule.policy ?? {};
  const top = image.source.digest ?? image.digest;
  const brings = image.action === "copy" || image.action === "repair";
  const looksDeeper = image.action === "skip" && integrity !== "tag";
  const subset =
    image.subset && parseManifest(new TextEncoder().encode(image.subset.text), image.subset.mediaType, image.digest);
  // One image can have two names, by sha256 and by sha512.
  const tops = subset ? [] : [top, image.digest];
  let below: readonly Digest[] = [];
  if (brings) {
    const whole = subset ?? (await options.cache.get(ends.source, top, options.signal));
    const { manifests } = await readTree(ends.source, whole, options);
    below = manifests.map(({ digest }) => digest).filter((digest) => digest !== subset?.digest);
  } else if (looksDeeper) {
    // Both ends have it: what was read to look at the destination is in memory.
    below = childrenOf(subset ?? (await options.cache.get(ends.destination, image.digest, options.signal)));
  }
  return { travelling: [...new Set([...tops, ...below])], replaced: subset && brings ? [top] : [] };
}

function childrenOf(manifest: Manifest): Digest[] {
  return manifest.kind === "image" ? [] : manifest.manifests.filter(isManifest).map(({ digest }) => digest);
}
