import { cloudFamilyOf } from "../../http/cloud-family.ts";
import type { Vendor } from "../../http/transport.ts";

/**
 * What is known of a family of registries before the first question is asked. What is `undefined` differs between
 * versions or was never seen for certain: it is found out from answers.
 */
export interface VendorTraits {
  /** `DELETE` of a tag removes that tag and nothing else. */
  readonly deletesByTag?: boolean | undefined;
  /** `DELETE` of a manifest by digest is allowed. */
  readonly deletesByDigest?: boolean | undefined;
  /** That takes all tags of the manifest along; false where it is refused while there is one. */
  readonly digestDeleteTakesTags?: boolean | undefined;
  /** `DELETE` of a blob is allowed, and worth it. */
  readonly deletesBlobs?: boolean | undefined;
  /** The referrers API is there. */
  readonly referrers?: boolean | undefined;
  /** The registry itself frees what no manifest needs any more. */
  readonly ownsGarbage: boolean;
  /** What a scope that allows deletes is called. Quay answers 400 to `delete`. */
  readonly scopeDelete: "delete" | "*";
  /** A manifest without a tag disappears after a while, although it is pulled by digest. */
  readonly untaggedExpire: boolean;
  /** Who removes the last tag of an image has removed the image. */
  readonly lastTagTakesImage: boolean;
}

const plain: VendorTraits = {
  ownsGarbage: false,
  scopeDelete: "delete",
  untaggedExpire: false,
  lastTagTakesImage: false,
};

/** One row for each family; the documents on each of them say where a cell comes from. */
const traits: Readonly<Record<Vendor, VendorTraits>> = {
  // Version 3 deletes tags, 2.8 does not; both have deletes switched off unless somebody switches them on.
  distribution: plain,
  "docker-hub": { ...plain, deletesByTag: false, digestDeleteTakesTags: false, deletesBlobs: false, ownsGarbage: true },
  ghcr: {
    ...plain,
    deletesByTag: false,
    deletesByDigest: false,
    deletesBlobs: false,
    referrers: false,
    ownsGarbage: true,
  },
  quay: {
    ...plain,
    deletesByTag: true,
    deletesByDigest: true,
    deletesBlobs: false,
    ownsGarbage: true,
    scopeDelete: "*",
  },
  gar: {
    ...plain,
    deletesByTag: true,
    deletesByDigest: true,
    digestDeleteTakesTags: false,
    deletesBlobs: false,
    ownsGarbage: true,
  },
  ecr: {
    ...plain,
    deletesByDigest: true,
    deletesBlobs: false,
    referrers: true,
    ownsGarbage: true,
    lastTagTakesImage: true,
  },
  "ecr-public": { ...plain, deletesBlobs: false, ownsGarbage: true, lastTagTakesImage: true },
  acr: { ...plain, deletesByDigest: true, referrers: true, ownsGarbage: true },
  // A blob delete goes through to the storage below and past what Harbor counts: its own collector is the one to use.
  harbor: {
    ...plain,
    deletesByTag: false,
    deletesByDigest: true,
    deletesBlobs: false,
    referrers: true,
    ownsGarbage: true,
  },
  gitlab: {
    ...plain,
    deletesByTag: true,
    deletesByDigest: true,
    deletesBlobs: true,
    referrers: false,
    ownsGarbage: true,
    untaggedExpire: true,
  },
  artifactory: { ...plain, deletesByTag: true, deletesByDigest: true, deletesBlobs: false, ownsGarbage: true },
  nexus: { ...plain, deletesByDigest: true, deletesBlobs: false, referrers: false, ownsGarbage: true },
  zot: {
    ...plain,
    deletesByTag: true,
    deletesByDigest: true,
    deletesBlobs: true,
    referrers: true,
    ownsGarbage: true,
  },
};

/** What is known in advance; of an unknown family nothing is. */
export function traitsOf(vendor: Vendor | undefined): VendorTraits {
  return vendor === undefined ? plain : traits[vendor];
}

/** Families that have their host name to themselves, besides the registries of the clouds. */
const byHost: readonly (readonly [RegExp, Vendor])[] = [
  [/^docker\.io$/, "docker-hub"],
  [/^ghcr\.io$/, "ghcr"],
  [/^quay\.io$/, "quay"],
  // A cloud that is closed: its registries are told apart still, and no login of a machine goes there.
  [/^[a-z0-9-]+(?:\.[a-z0-9-]+)?\.azurecr\.de$/, "acr"],
  [/^registry\.gitlab\.com$/, "gitlab"],
  [/^[a-z0-9-]+\.jfrog\.io$/, "artifactory"],
];

/** The family of a canonical registry as its host name tells it; undefined where the name tells nothing. */
export function vendorOf(registry: string): Vendor | undefined {
  return cloudFamilyOf(registry) ?? byHost.find(([host]) => host.test(registry))?.[1];
}
