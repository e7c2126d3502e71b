import { canonicalReference, parseReference, type Reference } from "../engine/oci/reference.ts";
import { checkGlob, matchGlob } from "../engine/select/glob.ts";
import { checkedPrefix, destinationBelow, tagFor } from "./destination.ts";

/** Which images are mirrored, and to where. Exactly one of `prefix` and `rewrite` is given. */
export interface ImageChoiceOptions {
  /**
   * `host`, `host:port` or `host/path` below which every image keeps its path and its tag. The registry is not part of
   * the path: two registries with the same path meet, which is reported as an error. Images of that host are left alone.
   */
  readonly prefix?: string;
  /**
   * Where an image shall be: a reference (without a tag it has the image's), or undefined to leave the image alone. It
   * is asked with the canonical spelling, such as `docker.io/library/nginx:1.27`.
   */
  readonly rewrite?: (image: string) => string | undefined;
  /**
   * Globs (`*`, `**`, `?`, `{a,b}`) for images to mirror, against `registry/repository` or that with the tag, in the
   * canonical spelling: `docker.io/**`, `docker.io/library/nginx:1.*`. @default every image
   */
  readonly include?: readonly string[];
  /** Globs for images to leave alone. @default none */
  readonly exclude?: readonly string[];
}

/** An image and its place. Both are canonical, so that each spelling of an image leads to the same mirror. */
export interface MirroredPair {
  readonly source: string;
  readonly destination: string;
}

/**
 * Reads the options once. The function that it gives answers for one image: undefined when it is to be left alone.
 * @throws when the options contradict each other, and, of the function, when a text is not a reference
 */
export function imageChoice({
  prefix,
  rewrite,
  include,
  exclude = [],
}: ImageChoiceOptions): (image: string) => MirroredPair | undefined {
  const place = placeFor(prefix, rewrite);
  for (const glob of [...(include ?? []), ...exclude]) checkGlob(glob);
  return (image) => {
    const source = parseReference(image);
    if (include !== undefined && !include.some((glob) => matches(glob, source))) return undefined;
    if (exclude.some((glob) => matches(glob, source))) return undefined;
    const destination = place(source);
    if (destination === undefined) return undefined;
    return { source: canonicalReference(source), destination: canonicalReference(destination) };
  };
}

function matches(glob: string, source: Reference): boolean {
  return [`${source.registry}/${source.repository}`, canonicalReference(source)].some((text) => matchGlob(glob, text));
}

type Place = (source: Reference) => Reference | undefined;

function placeFor(prefix: string | undefined, rewrite: ImageChoiceOptions["rewrite"]): Place {
  if (prefix !== undefined && rewrite === undefined) return below(checkedPrefix(prefix));
  if (prefix !== undefined || rewrite === undefined)
    throw new Error('MirrorImages: write either "prefix" or "rewrite"');
  return (source) => rewritten(source, rewrite(canonicalReference(source)));
}

function below(prefix: string): Place {
  const { registry } = parseReference(`${prefix}/x`);
  return (source) => (source.registry === registry ? undefined : parseReference(destinationBelow(prefix, source)));
}

/** A destination has a tag and no digest: that of the source is what arrives there. */
function rewritten(source: Reference, text: string | undefined): Reference | undefined {
  if (text === undefined) return undefined;
  const written = parseReference(text);
  if (written.registry === source.registry && written.repository === source.repository) return undefined;
  return { ...written, tag: written.tag ?? tagFor(source), digest: undefined };
}
