import { type Digest, ImagesyncError, isNotFound, type ErrorCode } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { text } from "../imagesync/state.ts";
import { type Digests, repositoryIn, tagAt } from "./state.ts";

/**
 * What tags of the destination hold. Those that hold nothing, or something that is not whole as far as
 * `integrity_check` looks, are left out. Only a 404-class answer means that a tag is gone.
 * @throws any other failure.
 */
export async function lookAtTags(
  value: ObjectValue,
  tags: Iterable<string>,
  provider: Configured,
  signal: AbortSignal,
): Promise<Digests> {
  const found = await Promise.all(
    [...tags].map(async (tag): Promise<[string, Digest][]> => {
      const digest = await lookAt(value, tag, provider, signal);
      return digest === undefined ? [] : [[tag, digest]];
    }),
  );
  return new Map(found.flat());
}

/** Every tag of the destination; none when the repository does not exist. */
export async function listDestination(
  value: ObjectValue,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await engine.tags(repositoryIn(value, "destination"), { signal });
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** What somebody has put there that cannot be read as an image. */
const unreadable: ReadonlySet<ErrorCode> = new Set(["manifest-invalid", "unsupported-media-type", "limit"]);

async function lookAt(
  value: ObjectValue,
  tag: string,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const depth = depthIn(value);
  const reference = tagAt(value, tag);
  try {
    const { digest, missing } = await engine.inspect(reference, { depth, side: "destination", signal });
    return missing.manifests.length + missing.blobs.length === 0 ? digest : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (depth === "tag" || !(error instanceof ImagesyncError) || !unreadable.has(error.code)) throw error;
    return (await engine.inspect(reference, { depth: "tag", side: "destination", signal })).digest;
  }
}

/** How deep to look, from a value that validation has let pass. */
export function depthIn(value: ObjectValue): "tag" | "manifests" | "blobs" {
  const depth = text(value, "integrity_check");
  return depth === "manifests" || depth === "blobs" ? depth : "tag";
}
