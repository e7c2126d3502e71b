import type { Digest } from "../oci/digest.ts";
import { LayoutBlobs } from "./blobs.ts";
import type { Layout, Options } from "./layout.ts";
import { LayoutManifests, untag } from "./manifests.ts";
import { LayoutReferrers } from "./referrers.ts";
import { LayoutTags } from "./tags.ts";
import { LayoutUploads } from "./uploads.ts";

/** What of a vendor's own ways holds for layouts: tags are removed, content is not. */
interface LayoutManners {
  readonly family: undefined;
  readonly traits: {
    readonly deletesByTag: true;
    readonly ownsGarbage: true;
    readonly scopeDelete: "delete";
    readonly untaggedExpire: false;
    readonly lastTagTakesImage: false;
  };
  readonly deletesTags: true;
  deleteTag(tag: string, options: Options & { readonly digest: Digest }): Promise<"deleted" | "absent">;
  checkDeleteTag(): Promise<void>;
  deleteManifest(digest: Digest, options: Options): Promise<undefined>;
  deleteRepository(contents: ReadonlySet<Digest>, options: Options): Promise<"unavailable">;
  checkStandIn(tag: string, options?: Options): Promise<void>;
  ensureRepository(options?: Options): Promise<"unavailable">;
  recognise(refusal: Error | undefined, options?: Options): Promise<false>;
}

/** A layout with the resources of a repository of a registry, under the same names. */
export interface LayoutRepository extends Pick<Layout, "name" | "side"> {
  readonly manifests: LayoutManifests;
  readonly blobs: LayoutBlobs;
  readonly uploads: LayoutUploads;
  readonly tags: LayoutTags;
  readonly referrers: LayoutReferrers;
  readonly vendor: LayoutManners;
}

export function openLayout(layout: Layout): LayoutRepository {
  const manifests = new LayoutManifests(layout);
  return {
    name: layout.name,
    side: layout.side,
    manifests,
    blobs: new LayoutBlobs(layout),
    uploads: new LayoutUploads(layout),
    tags: new LayoutTags(layout),
    referrers: new LayoutReferrers(layout, manifests),
    vendor: mannersOf(layout),
  };
}

function mannersOf(layout: Layout): LayoutManners {
  return {
    family: undefined,
    traits: {
      deletesByTag: true,
      ownsGarbage: true,
      scopeDelete: "delete",
      untaggedExpire: false,
      lastTagTakesImage: false,
    },
    deletesTags: true,
    // Compared and removed in one step, which no registry can.
    deleteTag: async (tag, options) => await untag(layout, tag, options.digest, options),
    checkDeleteTag: async () => await layout.storage.checkChange?.(),
    deleteManifest: () => Promise.resolve(undefined),
    deleteRepository: () => Promise.resolve("unavailable"),
    checkStandIn: () => Promise.resolve(),
    ensureRepository: () => Promise.resolve("unavailable"),
    recognise: () => Promise.resolve(false),
  };
}
