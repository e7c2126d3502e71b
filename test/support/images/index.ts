/**
 * Images for tests and the bench: built deterministically, pushed and read back by plain HTTP. Nothing here imports
 * the engine, so that an error there cannot hide behind the same error here.
 */
export { bytesBlob, digestOf, layerBlob, type TestBlob } from "./blob.ts";
export { exchange, type Endpoint } from "./exchange.ts";
export { fetchTree, treeOf, type ImageTree } from "./fetch-tree.ts";
export { imageKinds } from "./image-kinds.ts";
export { buildIndex, buildPlatformIndex } from "./image-index.ts";
export { buildImage } from "./image.ts";
export { descriptorOf, manifestOf, type TestDescriptor, type TestManifest } from "./manifest.ts";
export { types } from "./media-types.ts";
export { push, pushBlob } from "./push.ts";
export { buildTagSet } from "./tag-set.ts";
