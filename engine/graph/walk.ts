import { ImagesyncError, isNotFound } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { blobsOf, type Manifest } from "../oci/manifest.ts";
import { isManifestType, isNonDistributable } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";
import type { ReadOptions } from "./manifest-cache.ts";

/** Indexes of indexes exist (CNAB bundles); deeper than this nobody means it. */
const maxDepth = 8;
/** All manifests below one tag. */
const maxManifests = 10_000;
/** Their bytes together: they are held while the tree is copied. Ten thousand real ones have a quarter of it. */
const maxTreeBytes = 64 * 1024 * 1024;

/** A manifest and everything below it, each digest once, children before parents. */
export interface Tree {
  readonly top: Manifest;
  /** In the order in which they can be pushed: the top manifest is last. */
  readonly manifests: readonly Manifest[];
  /** Each blob once, with the type its manifest gives it. Non-distributable layers are left out. */
  readonly blobs: readonly Descriptor[];
  /** Layers that are non-distributable wherever they stand. */
  readonly nonDistributable: readonly Descriptor[];
}

/**
 * Reads everything below a manifest from one repository. @throws `not-found` naming the child an index promises but
 * the repository does not have, `limit` for trees nobody means.
 */
export async function readTree(repository: Repository, top: Manifest, options: ReadOptions): Promise<Tree> {
  const manifests = new Map<Digest, Manifest>();
  const visiting = new Set<Digest>();
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  let bytes = 0;
  const visit = async (manifest: Manifest, depth: number): Promise<void> => {
    if (manifests.has(manifest.digest) || visiting.has(manifest.digest)) return;
    if (depth > maxDepth) throw tooMuch(`it nests indexes more than ${maxDepth} deep`);
    visiting.add(manifest.digest);
    if (visiting.size > maxManifests) throw tooMuch(`it has more than ${maxManifests} manifests`);
    bytes += manifest.bytes.byteLength;
    if (bytes > maxTreeBytes) throw tooMuch(`its manifests have more than ${maxTreeBytes} bytes`);
    if (manifest.kind === "index") {
      await Promise.all(
        manifest.manifests.map(async (child) => {
          // What is neither an index nor an image by its type is content of an index: a blob to us.
          if (isManifest(child)) await visit(await getChild(repository, child, { ...options, signal }), depth + 1);
        }),
      );
    }
    manifests.set(manifest.digest, manifest);
  };
  try {
    await visit(top, 0);
  } catch (error) {
    // One child decides: the others, thousands maybe, are not asked for any more.
    stop.abort(error);
    throw error;
  }
  return collect(top, orderChildrenFirst(top, manifests));
}

/** What bringing a tree costs at most. */
export interface Weight {
  /** Of its manifests and blobs. */
  readonly bytes: number;
  /** Manifests that are read. */
  readonly pulls: number;
}

/** What it costs to bring a tree to where nothing of it is. */
export function weightOf({ manifests, blobs }: Tree): Weight {
  const sizes = [...manifests.map(({ bytes }) => bytes.byteLength), ...blobs.map(({ size }) => size)];
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), pulls: manifests.length };
}

/** The manifests an index names, those of unknown type included: a registry serves them as manifests. */
export function isManifest(descriptor: Descriptor): boolean {
  return isManifestType(descriptor.mediaType) || /manifest|index/.test(descriptor.mediaType);
}

async function getChild(repository: Repository, child: Descriptor, options: ReadOptions): Promise<Manifest> {
  try {
    const manifest = await options.cache.get(repository, child.digest, options.signal);
    if (manifest.bytes.byteLength === child.size) return manifest;
    throw new ImagesyncError({
      code: "size-mismatch",
      operation: "read an index",
      message: `Cannot read the index: its child ${child.digest} has ${manifest.bytes.byteLength} bytes, the index says ${child.size}`,
      side: repository.side,
      registry: repository.name.registry,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const platform = child.platform ? ` (${child.platform.os}/${child.platform.architecture})` : "";
    throw new ImagesyncError({
      code: "not-found",
      operation: "read an index",
      message: `Cannot read the index: its child ${child.digest}${platform} is missing in ${repository.name.registry}/${repository.name.repository}`,
      side: repository.side,
      registry: repository.name.registry,
      hint: "The image is incomplete there; push it again, or ask for the platforms that are there",
      cause: error,
    });
  }
}

/** Depth first from the top, so that the order depends on the content alone and not on which answer came first. */
function orderChildrenFirst(top: Manifest, manifests: ReadonlyMap<Digest, Manifest>): Manifest[] {
  const ordered = new Map<Digest, Manifest>();
  const visit = (manifest: Manifest): void => {
    if (ordered.has(manifest.digest)) return;
    if (manifest.kind === "index") {
      for (const child of manifest.manifests) {
        const found = manifests.get(child.digest);
        if (found) visit(found);
      }
    }
    ordered.set(manifest.digest, manifest);
  };
  visit(top);
  return [...ordered.values()];
}

function collect(top: Manifest, manifests: readonly Manifest[]): Tree {
  const blobs = new Map<Digest, Descriptor>();
  const nonDistributable = new Map<Digest, Descriptor>();
  for (const manifest of manifests) {
    for (const blob of manifest.kind === "image" ? blobsOf(manifest) : contentOf(manifest.manifests)) {
      (isNonDistributable(blob.mediaType) ? nonDistributable : blobs).set(blob.digest, blob);
    }
  }
  const left = [...nonDistributable.values()].filter((layer) => !blobs.has(layer.digest));
  return { top, manifests, blobs: [...blobs.values()], nonDistributable: left };
}

function contentOf(children: readonly Descriptor[]): Descriptor[] {
  return children.filter((child) => !isManifest(child));
}

function tooMuch(why: string): ImagesyncError {
  return new ImagesyncError({ code: "limit", operation: "read an index", message: `Cannot read the index: ${why}` });
}
