import {
  type Digest,
  ImagesyncError,
  parseRepository,
  type Reference,
  selectTags,
  type Selection,
} from "../../engine/index.ts";
import type { Configured } from "../configure.ts";
import { describeError } from "../describe-error.ts";
import { attributePath } from "../protocol/diagnostics.ts";
import type { Context, DataSourceDefinition } from "../protocol/resource.ts";
import { objectValue } from "../protocol/value.ts";
import { errorOf } from "../plan-failure.ts";
import { selectionAttributes, selectionOf, validateSelection } from "../selection.ts";
import { partlyUnknown } from "./partly-unknown.ts";

/** The data source `imagesync_tags`: tags of a repository, as they are now. Its result is kept in the plan. */
export const imagesyncTags: DataSourceDefinition<Configured> = {
  schema: {
    version: 0,
    block: {
      description:
        "The tags of a repository, or those of them that a selection wants. Tags that belong to another image, such as its signature, and those that `keep_previous` puts are never among them.",
      attributes: {
        repository: {
          type: "string",
          required: true,
          description: "A repository without tag and digest, such as `docker.io/library/nginx`.",
        },
        ...selectionAttributes,
        resolve_digests: {
          type: "bool",
          optional: true,
          description: "Whether each tag is asked for its digest too, by a request of its own. Defaults to `false`.",
        },
        tags: {
          type: ["list", "string"],
          computed: true,
          description: "The selected tags: the lowest version first, with the mode `all` in alphabetical order.",
        },
        highest: {
          type: "string",
          computed: true,
          description:
            "The tag of the highest version among `tags`; a prerelease only where those are asked for. Null when there is no version.",
        },
        digests: {
          type: ["map", "string"],
          computed: true,
          description: "The digest of each selected tag; null unless `resolve_digests` is `true`.",
        },
      },
    },
  },

  validate(config, context) {
    const { diagnostics } = context;
    const repository = config["repository"];
    if (config["mode"] === "higher") {
      const detail = `A data source has no destination that a tag could be above. Write "highest", "semver" or "all".`;
      diagnostics.error("Invalid mode", detail, attributePath("mode"));
    } else {
      validateSelection(config, context);
    }
    if (typeof repository !== "string") return;
    try {
      parseRepository(repository);
    } catch (error) {
      const described = error instanceof ImagesyncError && describeError(error, attributePath("repository"));
      if (described) diagnostics.add(described);
      else throw error;
    }
  },

  async read({ config, provider }, context) {
    const repository = parseRepository(typeof config["repository"] === "string" ? config["repository"] : "");
    const selection = selectionOf(config);
    try {
      const found =
        config["resolve_digests"] === true
          ? await askEach(repository, selection, provider, context)
          : {
              ...selectTags(await provider.engine.tags(repository, { signal: context.signal }), selection),
              digests: null,
            };
      const tags = (selection.mode ?? "all") === "all" ? found.tags.toSorted() : found.tags;
      return objectValue({ ...config, tags, highest: found.highest ?? null, digests: found.digests });
    } catch (error) {
      const described = describeError(error, attributePath("repository"));
      if (!described) throw error;
      const detail = provider.unknown ? `${described.detail}\n\n${partlyUnknown}` : described.detail;
      context.diagnostics.add({ ...described, detail });
      return config;
    }
  },
};

/** Asks for each selected tag by itself. One that the registry lists and does not have is left out. */
async function askEach(
  repository: Reference,
  selection: Selection,
  { engine }: Configured,
  { signal, diagnostics }: Context,
): Promise<{ tags: readonly string[]; highest?: string; digests: ReadonlyMap<string, Digest> }> {
  const rule = { source: repository, destination: repository, selection };
  const { images, failures } = await engine.select(rule, { signal });
  for (const failure of failures) {
    if (failure.code !== "not-found") throw errorOf(failure);
    diagnostics.warning("Tag without an image", `${failure.message}. The registry lists the tag; it is left out.`);
  }
  const tags = images.map(({ tag }) => tag);
  // What is left out can have been the highest.
  const { highest } = selectTags(tags, selection);
  const digests = new Map(images.map(({ tag, digest }) => [tag, digest]));
  return { tags, ...(highest === undefined ? {} : { highest }), digests };
}
