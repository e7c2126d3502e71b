/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */
export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  /** Withdrawn before OCI 1.1 was released, still found in registries. */
  ociArtifact: "application/vnd.oci.artifact.manifest.v1+json",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

/**
 * Everything a manifest request accepts, in one header: registries answer 404 for an image whose type is not named.
 * Schema 1 is named too, so that it is refused by us with its name and not by the registry as "unknown".
 */
export const manifestAccept: string = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.ociArtifact,
  mediaTypes.dockerSchema1Signed,
  mediaTypes.dockerSchema1,
  "*/*;q=0.1",
].join(", ");

/** The media type without parameters, lower case. */
export function baseMediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** An image or artifact: it has blobs below it and no manifests. */
export function isImageType(mediaType: string): boolean {
  return (
    mediaType === mediaTypes.ociManifest ||
    mediaType === mediaTypes.dockerManifest ||
    mediaType === mediaTypes.ociArtifact
  );
}

export function isManifestType(mediaType: string): boolean {
  return isIndexType(mediaType) || isImageType(mediaType);
}

export function isSchema1(mediaType: string): boolean {
  return mediaType === mediaTypes.dockerSchema1 || mediaType === mediaTypes.dockerSchema1Signed;
}

/** Layers that may not be pushed to other registries: the descriptor is copied, the content is not. */
export function isNonDistributable(mediaType: string): boolean {
  return (
    mediaType.startsWith("application/vnd.oci.image.layer.nondistributable.") ||
    mediaType.startsWith("application/vnd.docker.image.rootfs.foreign.")
  );
}
