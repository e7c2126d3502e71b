/**
 * The media types the builders write. They stand here a second time, apart from the engine's table, so that a wrong
 * entry there is seen by the tests instead of being built into their images.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 */
export const types = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
    foreign: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    foreign: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  },
} as const;

/** The withdrawn manifest type of OCI 1.1 release candidates. */
export const withdrawnArtifactType = "application/vnd.oci.artifact.manifest.v1+json";

/** The type of the two-byte `{}` that stands where an artifact has no config. */
export const emptyType = "application/vnd.oci.empty.v1+json";

/** `oci` or `docker`: which family of types an image is written in. */
export type Family = keyof typeof types;
