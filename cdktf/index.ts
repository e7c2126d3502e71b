/** imagesync in CDK for Terraform: bindings of the provider, and constructs on top of them. */
export * from "./bindings/index.js";
export { MirroredImage, type MirroredImageConfig } from "./mirrored-image.ts";
export { MirroredRepository, type MirroredRepositoryConfig } from "./mirrored-repository.ts";
export { MirrorImages, type MirrorImagesOptions } from "./mirror-images.ts";
