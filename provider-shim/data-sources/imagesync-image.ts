import { ImagesyncError, parseReference, pinned } from "../../engine/index.ts";
import type { Configured } from "../configure.ts";
import { describeError } from "../describe-error.ts";
import { attributePath } from "../protocol/diagnostics.ts";
import type { DataSourceDefinition } from "../protocol/resource.ts";
import { partlyUnknown } from "./partly-unknown.ts";
import { objectValue } from "../protocol/value.ts";

/** The data source `imagesync_image`: what a reference points at now. Its result is kept in the plan. */
export const imagesyncImage: DataSourceDefinition<Configured> = {
  schema: {
    version: 0,
    block: {
      description:
        "What an image reference points at now. Its `digest` as `source_digest` of an `imagesync` pins the copy to what the plan has shown.",
      attributes: {
        source: {
          type: "string",
          required: true,
          description: "A tag or digest reference, such as `docker.io/library/nginx:1.27`.",
        },
        id: { type: "string", computed: true, description: "The repository of `source` `@` its digest." },
        digest: {
          type: "string",
          computed: true,
          description: "The digest of the top manifest, the index's for several platforms.",
        },
        media_type: { type: "string", computed: true, description: "The media type of the top manifest." },
        size: {
          type: "number",
          computed: true,
          description: "Bytes of the top manifest itself: with `media_type` and `digest` its OCI descriptor.",
        },
        platforms: {
          type: ["map", "string"],
          computed: true,
          description: "The digest of each platform's image, by names such as `linux/arm64`.",
        },
      },
    },
  },

  validate(config, { diagnostics }) {
    const source = config["source"];
    if (typeof source !== "string") return;
    try {
      parseReference(source);
    } catch (error) {
      const described = error instanceof ImagesyncError && describeError(error, attributePath("source"));
      if (described) diagnostics.add(described);
      else throw error;
    }
  },

  /**
   * Terraform wants every value known here, so it is tried with what is known of the provider's configuration: often
   * the unknown part is about another registry.
   */
  async read({ config, provider }, { signal, diagnostics }) {
    const reference = parseReference(typeof config["source"] === "string" ? config["source"] : "");
    try {
      const image = await provider.engine.inspect(reference, { platforms: true, side: "source", signal });
      return objectValue({
        ...config,
        id: pinned(reference, image.digest),
        digest: image.digest,
        media_type: image.mediaType,
        size: image.size ?? null,
        platforms: image.platforms ?? new Map(),
      });
    } catch (error) {
      const described = describeError(error, attributePath("source"));
      if (!described) throw error;
      diagnostics.add(
        provider.unknown ? { ...described, detail: `${described.detail}\n\n${partlyUnknown}` } : described,
      );
      return config;
    }
  },
};
