import { isNotFound } from "../errors.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
import type { Digest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Ends } from "./plan.ts";
import type { Rule } from "./rule.ts";

/** A tag of cosign that the destination has already, with something else behind it. */
export interface TaggedCompanion {
  readonly tag: string;
  /** What the destination's tag holds. */
  readonly current: Digest;
  /** What the source's tag holds. */
  readonly manifest: Manifest;
  readonly artifactType?: string | undefined;
}

/** In these cosign collects: each signature and each attestation is one layer more. */
const collections: ReadonlySet<string | undefined> = new Set(["sig", "att"]);

/**
 * Whether such a tag stays what it is; undefined when it may be moved. Signatures that only the destination has are
 * never overwritten: nobody could bring them back.
 */
export async function judgeTag(
  { policy = {} }: Rule,
  { tag, current, manifest, artifactType }: TaggedCompanion,
  { destination }: Ends,
  options: ReadOptions,
): Promise<{ readonly settled: "in place" } | { readonly settled: "left"; readonly why: string } | undefined> {
  const { onConflict = "overwrite", replaceTags = true } = policy;
  const where = `${destination.name.registry}/${destination.name.repository}:${tag}`;
  if (collections.has(artifactType)) {
    const there = await contentAt(destination, current, options);
    const here = contentOf(manifest);
    if (there === undefined || isWithin(there, here)) return undefined;
    if (isWithin(here, there)) return { settled: "in place" };
    const why = `${where} has signatures that the source does not have, and is left as it is; the source's are ${manifest.digest}`;
    return { settled: "left", why };
  }
  if (replaceTags && onConflict === "overwrite") return undefined;
  return { settled: "left", why: `${where} holds ${current} and is kept; the source has ${manifest.digest}` };
}

async function contentAt(
  repository: Ends["destination"],
  digest: Digest,
  options: ReadOptions,
): Promise<ReadonlySet<string> | undefined> {
  try {
    return contentOf(await options.cache.get(repository, digest, options.signal));
  } catch (error) {
    // Listed by HEAD and gone for GET: nothing is lost with it.
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * Without the configuration, which says the same in other words for each set of layers. Several keys sign the same
 * bytes, and the signatures stand in the annotations: a layer is the same only with these.
 */
function contentOf(manifest: Manifest): ReadonlySet<string> {
  const content = manifest.kind === "index" ? manifest.manifests : manifest.layers;
  return new Set(
    content.map(({ digest, annotations = {} }) =>
      JSON.stringify([digest, Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1))]),
    ),
  );
}

function isWithin(inner: ReadonlySet<string>, outer: ReadonlySet<string>): boolean {
  return [...inner].every((layer) => outer.has(layer));
}
