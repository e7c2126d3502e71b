/**
 * Images for tests and the bench: built deterministically, pushed and read back by plain HTTP. Nothing here imports
 * the engine, so that an error there cannot hide behind the same error here.
 */
export { buildArtifact, buildWithdrawnArtifact, type ArtifactOptions } from "./artifact.ts";
export { bytesBlob, digestOf, layerBlob, type Algorithm, type TestBlob } from "./blob.ts";
export { exchange, type Answer, type Endpoint, type Exchange } from "./exchange.ts";
export { fetchTree, treeOf, type ImageTree } from "./fetch-tree.ts";
export { imageKinds, type ImageKind } from "./image-kinds.ts";
export {
  buildAttestation,
  buildIndex,
  buildPlatformIndex,
  fivePlatforms,
  type IndexOptions,
  type PlatformIndexOptions,
} from "./image-index.ts";
export { buildImage, type ImageOptions, type LayerOptions } from "./image.ts";
export { descriptorOf, manifestOf, type TestDescriptor, type TestManifest, type TestPlatform } from "./manifest.ts";
export { types, type Family } from "./media-types.ts";
export { push, pushBlob, pushManifest, type PushTarget } from "./push.ts";
export { buildTagSet, type TagSetOptions } from "./tag-set.ts";
