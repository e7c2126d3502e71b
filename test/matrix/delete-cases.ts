import type { Cells } from "../support/registries/profiles/index.ts";
import {
  buildImage,
  buildIndex,
  buildPlatformIndex,
  manifestOf,
  types,
  descriptorOf,
  type TestManifest,
} from "../support/images/index.ts";

/** A repository, and the removal of its tag `app`. */
export interface DeleteCase {
  readonly name: string;
  /** Tag → image, in the order in which they are pushed. */
  readonly tags: ReadonlyMap<string, TestManifest>;
  /** Pushed by digest, after the tags. */
  readonly untagged?: readonly TestManifest[];
  /** What the tag held before, kept pullable by a tag of its own: ours, and to go with it. */
  readonly earlier?: TestManifest;
  /** What the remover believes to be on the tag. Default: what it holds. */
  readonly believed?: TestManifest;
  /** Whether the remover may delete. Default true. */
  readonly deletes?: false;
  /** What the removal should come to. */
  readonly comesTo: "removed" | "kept" | "refused" | "nothing";
}

const image = buildImage({ seed: "app", layers: [900, 500] });
const index = buildPlatformIndex({ seed: "platforms", layers: [300], shared: 400 });
const [firstChild = image] = index.children;
const neighbour = buildImage({ seed: "neighbour", layers: [{ size: 900, seed: "app/0" }, 600] });
const parent = buildIndex({ children: [image, buildImage({ seed: "sibling platform", layers: [80] })] });
const signature = buildImage({ seed: "signature", layers: [40], subject: image });
const other = buildImage({ seed: "other", layers: [70] });
/** What lists the signature where there is no referrers API. */
const fallback = manifestOf(
  types.oci.index,
  { schemaVersion: 2, mediaType: types.oci.index, manifests: [descriptorOf(signature)] },
  { children: [signature] },
);
const fallbackTag = image.digest.replace(":", "-");

/** Every case beside the neighbours that a repository of a team has; `cells` says how signatures are found there. */
export function deleteCases(cells: Cells): readonly DeleteCase[] {
  const signed: Pick<DeleteCase, "tags" | "untagged"> = cells.referrers.is.startsWith("API")
    ? { tags: tagged({ app: image, other }), untagged: [signature] }
    : { tags: tagged({ app: image, other, [fallbackTag]: fallback }) };
  return [
    { name: "only tag", tags: tagged({ app: image }), comesTo: "removed" },
    { name: "beside another image", tags: tagged({ app: image, other }), comesTo: "removed" },
    { name: "sibling tag", tags: tagged({ app: image, stable: image, other }), comesTo: "removed" },
    { name: "shared layer", tags: tagged({ app: image, neighbour }), comesTo: "removed" },
    { name: "index", tags: tagged({ app: index, other }), comesTo: "removed" },
    { name: "index, child tagged", tags: tagged({ app: index, child: firstChild }), comesTo: "removed" },
    { name: "child of an index", tags: tagged({ all: parent, app: image }), comesTo: "removed" },
    { name: "signed", ...signed, comesTo: "removed" },
    { name: "with an earlier one", tags: tagged({ app: image, other }), earlier: neighbour, comesTo: "removed" },
    {
      name: "beside an untagged one",
      tags: tagged({ app: image }),
      untagged: [other],
      // Where the last tag goes with the whole repository only, it has to stay.
      comesTo: cells.api.is.startsWith("package versions") ? "refused" : "removed",
    },
    { name: "deletes off", tags: tagged({ app: image, stable: image, other }), deletes: false, comesTo: "refused" },
    { name: "tag missing", tags: tagged({ other }), believed: image, comesTo: "nothing" },
    { name: "tag moved", tags: tagged({ stable: image, app: other }), believed: image, comesTo: "kept" },
  ];
}

function tagged(tags: Readonly<Record<string, TestManifest>>): ReadonlyMap<string, TestManifest> {
  return new Map(Object.entries(tags));
}
