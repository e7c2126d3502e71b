import type { Contents } from "./contents.ts";

interface ImageIdentifier {
  readonly imageDigest?: string;
  readonly imageTag?: string;
}

interface Outcome {
  readonly imageIds: ImageIdentifier[];
  readonly failures: { imageId: ImageIdentifier; failureCode: string; failureReason: string }[];
}

/**
 * What BatchDeleteImage does to each of its images: a tag goes, and with the last tag its image; a digest goes with all
 * its tags. An image that a manifest list names stays, and keeps its last tag.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
 */
export async function deleteImages(
  contents: Contents,
  repository: string,
  ids: readonly ImageIdentifier[],
): Promise<Outcome> {
  const outcome: Outcome = { imageIds: [], failures: [] };
  for (const id of ids) {
    const refused = await deleteImage(contents, repository, id, outcome);
    if (refused !== undefined) outcome.failures.push({ imageId: id, ...refused });
  }
  return outcome;
}

async function deleteImage(
  contents: Contents,
  repository: string,
  id: ImageIdentifier,
  { imageIds }: Outcome,
): Promise<{ failureCode: string; failureReason: string } | undefined> {
  const { imageTag, imageDigest } = id;
  if (imageTag === undefined && imageDigest === undefined) {
    return {
      failureCode: "MissingDigestAndTag",
      failureReason: "Invalid request parameters: both tag and digest cannot be null",
    };
  }
  if (imageDigest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(imageDigest)) {
    return {
      failureCode: "InvalidImageDigest",
      failureReason:
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    };
  }
  const digest = await contents.resolve(repository, imageTag ?? imageDigest ?? "");
  if (digest === undefined) return { failureCode: "ImageNotFound", failureReason: "Requested image not found" };
  if (imageDigest !== undefined && digest !== imageDigest) {
    return { failureCode: "ImageTagDoesNotMatchDigest", failureReason: "Requested image tag does not match digest" };
  }
  const tags = await contents.tagsOn(repository, digest);
  const wholeImage = imageTag === undefined || tags.length === 1;
  const parents = wholeImage ? await contents.parents(repository, digest) : [];
  if (parents.length > 0) {
    const failureReason = `Requested image referenced by manifest list: [${parents.join(", ")}]`;
    return { failureCode: "ImageReferencedByManifestList", failureReason };
  }
  if (imageTag !== undefined) {
    imageIds.push({ imageDigest: digest, imageTag });
    await (wholeImage ? contents.remove(repository, digest) : contents.untag(repository, imageTag));
    return undefined;
  }
  imageIds.push(
    ...(tags.length > 0 ? tags.map((tag) => ({ imageDigest: digest, imageTag: tag })) : [{ imageDigest: digest }]),
  );
  await contents.remove(repository, digest);
  return undefined;
}
