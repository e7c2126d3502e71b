import type { Schema } from "../../protocol/schema.ts";
import { destinationSelectionAttributes } from "../../selection.ts";
import { timeoutsBlock } from "../../timeouts.ts";
import { deletionsBlock } from "./deletions.ts";

/** What the user writes of many tags of a repository, and what the state holds of them. */
export const repositorySchema: Schema = {
  version: 0,
  block: {
    description:
      "Many tags of a repository, copied to another one under the same names and kept true: `images` has the digest-pinned reference of each.",
    attributes: {
      id: {
        type: "string",
        computed: true,
        description: "The repository of `destination`, in your spelling.",
      },
      source: {
        type: "string",
        required: true,
        description:
          "The repository to copy from, without a tag, such as `docker.io/library/nginx`. Its tags are followed: a new one, or one that has moved, shows in the next plan as that one change of `images`.",
      },
      destination: {
        type: "string",
        required: true,
        description: "The repository to copy to, without a tag. Changing it forces a new resource.",
      },
      images: {
        type: ["map", "string"],
        computed: true,
        description:
          'Each tag\'s image at the destination, pinned: `images["1.27"]` is what a Deployment runs. A tag that somebody else removes or moves there is put back by the next apply. The resource owns these tags and no others.',
      },
      highest: {
        type: "string",
        computed: true,
        description:
          "The tag of the highest version in `images`, of those that `allow_prerelease`, `compatibility` and `pinned_major` let count; null without any.",
      },
      ...destinationSelectionAttributes,
      mode: {
        type: "string",
        optional: true,
        description:
          "`highest`: the highest version; `higher`: the versions above the destination's highest, beside those that are in `images` already; `semver`: every version; `all`: every tag. A version is a tag such as `1`, `v1.2` or `1.2.3-alpine`. A tag that is not selected any more leaves `images`: with `highest` there is always one. Defaults to `all`.",
      },
      replace_tag: {
        type: "bool",
        optional: true,
        computed: true,
        description:
          "Follow tags that move at the source. With `false` a tag that is at the destination stays what it is, whoever has put it there. Defaults to `true`.",
      },
      on_conflict: {
        type: "string",
        optional: true,
        computed: true,
        description:
          "What happens to a tag at the destination that holds something else, which this resource has not put there: `overwrite` it, `keep` it (then `images` has what it holds, and a destroy leaves it), or `fail`. Defaults to `overwrite`.",
      },
      platforms: {
        type: ["set", "string"],
        optional: true,
        computed: true,
        description:
          "Copy only these platforms, such as `linux/amd64`, of each image. Defaults to the provider's `default_platforms`, else to whole images as they are, whose digests and signatures stay valid.",
      },
      required_platforms: {
        type: ["set", "string"],
        optional: true,
        description: "An image that does not offer all of these platforms fails, before anything of it is written.",
      },
      referrers: {
        type: "bool",
        optional: true,
        computed: true,
        description: "Copy with each image what belongs to it: signatures, SBOMs, attestations. Defaults to `true`.",
      },
      integrity_check: {
        type: "string",
        optional: true,
        computed: true,
        description:
          "How deep a refresh looks whether each image is whole: `tag`, `manifests` (each platform's manifest too) or `blobs` (each layer too). What is not whole is missing in `images` and comes back with the next apply. Defaults to `tag`, one small request for each.",
      },
      on_source_unavailable: {
        type: "string",
        optional: true,
        computed: true,
        description:
          "What to do when the source cannot be asked, or has none of the tags any more, although images are already mirrored: `keep` them with a warning, or `fail`. Defaults to `keep`.",
      },
      deletion_policy: {
        type: "string",
        optional: true,
        description:
          "What a destroy removes, and `deletions` of tags that are not selected any more: `delete` the tags and the content that nobody else needs, `untag` tags only, `retain` nothing. Defaults to the provider block's `deletion_policy` as it is at that time.",
      },
      keep_previous: {
        type: "number",
        optional: true,
        computed: true,
        description:
          "How many earlier digests of each tag stay pullable when it moves, 0 to 20, each held by a tag `imagesync-previous.…`. Defaults to `1`.",
      },
      create_repository: {
        type: "bool",
        optional: true,
        computed: true,
        description:
          "Create the repository of `destination` where a push does not (Amazon ECR). With `false` a missing one is an error. Defaults to `true`.",
      },
      triggers: {
        type: ["map", "string"],
        optional: true,
        description: "Any values; when one changes, every image is examined and, where needed, copied again in place.",
      },
    },
    blocks: { deletions: deletionsBlock, timeouts: timeoutsBlock },
  },
};
