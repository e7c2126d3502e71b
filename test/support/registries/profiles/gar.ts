import { jsonReply, type Handling } from "../../../../embedded-registry/index.ts";
import type { Contents } from "./contents.ts";
import type { Profile } from "./profile.ts";
import { refusal } from "./refusal.ts";
import {
  keepChildren,
  keepSubjects,
  keepTagged,
  refuseBlobDelete,
  refuseDeletes,
  unsupported,
} from "./rules-delete.ts";
import { existingOnly, isMade, oneChunk } from "./rules-push.ts";

/** Google Artifact Registry. */
export const gar: Profile = {
  name: "gar",
  vendor: "gar",
  cells: {
    login: { is: "Bearer by Basic oauth2accesstoken", known: "code" },
    tagDelete: { is: "yes", known: "code" },
    digestDelete: { is: "400 while tagged, in an index, or referred to", known: "issue" },
    blobDelete: { is: "405 UNSUPPORTED", known: "memory" },
    referrers: { is: "API", known: "doc" },
    mount: { is: "201", known: "code" },
    chunks: { is: "one only", known: "doc" },
    creation: { is: "project/repository must exist", known: "doc" },
    tagPages: { is: "with all manifests", known: "issue" },
    refusedDelete: { is: "403 DENIED", known: "doc" },
    api: { is: "tags/list has the inventory", known: "issue" },
  },
  login: { user: "oauth2accesstoken", password: "ya29.an-access-token" },
  auth: ({ user, password }) => ({ kind: "token", users: { [user]: password }, path: "/v2/token" }),
  rules: ({ contents, options }) => [
    existingOnly(
      (place) => isMade(options, place),
      2,
      (place) => refusal(404, "NAME_UNKNOWN", `Repository "${place.split("/")[1] ?? ""}" not found`),
    ),
    ...(options.deletes === false
      ? [refuseDeletes(refusal(403, "DENIED", 'Permission "artifactregistry.tags.delete" denied on resource'))]
      : []),
    refuseBlobDelete(unsupported),
    keepTagged(contents, (_exchange, [tag = ""]) =>
      refusal(400, "GOOGLE_MANIFEST_DANGLING_TAG", `Manifest is still referenced by tag: ${tag}`),
    ),
    keepChildren(contents, ({ route }, [parent = ""]) => referenced(route.reference, parent)),
    keepSubjects(contents, ({ route }, [referrer = ""]) => referenced(route.reference, referrer)),
    oneChunk(refusal(400, "UNSUPPORTED", "Chunked upload is not supported")),
    inventory(contents),
  ],
};

function referenced(digest: string, by: string): ReturnType<typeof refusal> {
  return refusal(400, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE", `Manifest ${digest} is referenced by image ${by}`);
}

/** Says with the tags what manifests there are, tagged or not; 64-bit numbers are strings. */
function inventory(contents: Contents): Handling {
  return async (exchange, next) => {
    const { kind, repository } = exchange.route;
    if (kind !== "tags" || !(await contents.knows(repository))) return next();
    const manifest: Record<string, unknown> = {};
    for (const digest of await contents.manifests(repository)) {
      manifest[digest] = {
        imageSizeBytes: String((await contents.text(digest)).length),
        layerId: "",
        mediaType: await contents.mediaType(repository, digest),
        tag: await contents.tagsOn(repository, digest),
        timeCreatedMs: "1676090802558",
        timeUploadedMs: "1676582665070",
      };
    }
    return jsonReply({ child: [], manifest, name: repository, tags: [...(await contents.tags(repository)).keys()] });
  };
}
