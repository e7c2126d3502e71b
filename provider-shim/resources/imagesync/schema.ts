import type { Schema } from "../../protocol/schema.ts";
import { timeoutsBlock } from "../../timeouts.ts";

/** Version 1 is what the provider of the same name by another author wrote; its states are upgraded. */
export const imagesyncSchema: Schema = {
  version: 2,
  block: {
    description:
      "An image, or any OCI artifact, copied from one registry to another and kept true: its `id` is the digest-pinned reference that a Deployment runs.",
    attributes: {
      id: {
        type: "string",
        computed: true,
        description:
          "The repository of `destination`, in your spelling, `@` the digest of the image there: what a Deployment runs.",
      },
      source: {
        type: "string",
        required: true,
        description:
          "What to copy: a tag or a digest reference, such as `docker.io/library/nginx:1.27`. A tag is followed: when it moves, the next plan shows an update in place.",
      },
      destination: {
        type: "string",
        required: true,
        description:
          "Where the image shall be: a reference with a tag. A digest in it must be the source's. Changing it forces a new resource.",
      },
      source_digest: {
        type: "string",
        optional: true,
        computed: true,
        description:
          "The digest of the source's top manifest, the index's for an image of several platforms. Set it to pin the source, for instance to `data.imagesync_image.x.digest`.",
      },
      destination_digest: {
        type: "string",
        computed: true,
        description:
          "The digest that the destination's tag holds now. When somebody else moves the tag, it differs from the one in `id` and the next apply puts the tag back.",
      },
      complete: {
        type: "bool",
        computed: true,
        description:
          "Whether everything below the destination's tag is there, examined as deep as `integrity_check` says. What is missing is brought back by the next apply.",
      },
      tagged_ref: {
        type: "string",
        computed: true,
        description: "`repository:tag@digest`: pinned, and readable for people.",
      },
      media_type: {
        type: "string",
        computed: true,
        description: "The media type of the top manifest at the destination.",
      },
      platform_digests: {
        type: ["map", "string"],
        computed: true,
        description: "The digest of each platform's image, by names such as `linux/arm64`.",
      },
      platforms: {
        type: ["set", "string"],
        optional: true,
        computed: true,
        description:
          "Copy only these platforms, such as `linux/amd64`, as a new index that lists the original images unchanged. Defaults to the provider's `default_platforms`, else to the whole image as it is, whose digest and signatures stay valid.",
      },
      required_platforms: {
        type: ["set", "string"],
        optional: true,
        description: "Fail, before anything is written, unless the source offers all of these platforms.",
      },
      integrity_check: {
        type: "string",
        optional: true,
        computed: true,
        description:
          "How deep a refresh looks whether the image is whole: `tag`, `manifests` (each platform's manifest too) or `blobs` (each layer too). Defaults to `manifests`.",
      },
      on_source_unavailable: {
        type: "string",
        optional: true,
        computed: true,
        description:
          "What to do when the source cannot be asked although the image is already mirrored: `keep` it with a warning, or `fail`. Defaults to `keep`.",
      },
      on_conflict: {
        type: "string",
        optional: true,
        computed: true,
        description:
          "What to do when the tag of `destination`, or an additional one, holds an image that this resource has not put there: `overwrite` it; `keep` it, with a warning, so that `id` names what is there; or `fail`, at plan wherever the destination can be asked then. What is kept is not removed by a destroy either. Defaults to `overwrite`.",
      },
      additional_tags: {
        type: ["set", "string"],
        optional: true,
        description:
          "More tags for the image in the repository of `destination`. One that is missing or moved is put back; one that is dropped is removed, if it still holds an image of this resource, unless `deletion_policy` is `retain`.",
      },
      referrers: {
        type: "bool",
        optional: true,
        computed: true,
        description:
          "Copy with the image what belongs to it: signatures, SBOMs, attestations and whatever else refers to it. Defaults to `true`.",
      },
      deletion_policy: {
        type: "string",
        optional: true,
        description:
          "What a destroy removes, and an update of what it replaces: `delete` the tag and the content that nobody else needs, `untag` tags only, `retain` nothing. Defaults to the provider block's `deletion_policy` as it is at that time.",
      },
      keep_previous: {
        type: "number",
        optional: true,
        computed: true,
        description:
          "How many earlier digests stay pullable after an update, 0 to 20, each held by a tag `imagesync-previous.…`; older ones are collected once the update has succeeded, all of them at destroy. Defaults to `1`.",
      },
      keep_digests: {
        type: ["set", "string"],
        optional: true,
        description:
          "Digests in the repository of `destination` that are never collected, with everything below them, such as what a release still runs.",
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
        description: "Any values; when one changes, the image is examined and, where needed, copied again in place.",
      },
    },
    blocks: { timeouts: timeoutsBlock },
  },
};
