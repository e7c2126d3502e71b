import { ImagesyncError } from "../errors.ts";
import type { ManifestCache } from "../graph/manifest-cache.ts";
import { isManifest } from "../graph/walk.ts";
import { asObject, type Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type Index, type Manifest, parseManifest } from "../oci/manifest.ts";
import { formatPlatform, matchesPlatform, normalisePlatform, type Platform } from "../oci/platform.ts";
import type { Repository } from "../registry/repository.ts";
import { readVerified } from "./verified-body.ts";

/** The annotation of a subset that names the index it was taken from, so that its signatures can still be found. */
const originalIndexAnnotation = "io.imagesync.original.digest";

/** BuildKit's mark on an attestation: the digest of the image it speaks of. */
const attestationOf = "vnd.docker.reference.digest";

/** An image config with the fields that name its platform is some kilobytes. */
const maxConfigBytes = 4 * 1024 * 1024;

interface Options {
  readonly cache: ManifestCache;
  readonly signal?: AbortSignal | undefined;
}

interface Leaf {
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
  /** The descriptor as it stands in the index, field for field. */
  readonly original: unknown;
}

/**
 * The platforms a manifest offers with the digest of each image: `linux/arm/v7` → digest. The first image of a
 * platform counts, as container runtimes choose. Attestations and artifacts have none.
 */
export async function platformsOf(
  repository: Repository,
  top: Manifest,
  options: Options,
): Promise<Map<string, Digest>> {
  const found = new Map<string, Digest>();
  for (const { descriptor, platform } of await leavesOf(repository, top, options)) {
    if (!platform) continue;
    const key = formatPlatform(normalisePlatform(platform));
    if (!found.has(key)) found.set(key, descriptor.digest);
  }
  return found;
}

/**
 * The image reduced to some platforms: a new index, the same bytes whenever it is made from the same original, that
 * lists the wanted images and their attestations unchanged and names the original's digest in an annotation. An image
 * without index that is for the one wanted platform is returned as it is.
 * @throws `unsupported` naming the platforms that are not offered.
 */
export async function selectPlatforms(
  repository: Repository,
  top: Manifest,
  wanted: readonly Platform[],
  options: Options,
): Promise<Manifest> {
  const leaves = await leavesOf(repository, top, options);
  requirePlatforms(
    leaves.flatMap((leaf) => (leaf.platform ? [leaf.platform] : [])),
    wanted,
    repository,
  );
  if (top.kind === "image") return top;
  const kept = leaves.filter(({ platform }) => platform && wanted.some((one) => matchesPlatform(one, platform)));
  const digests = new Set(kept.map((leaf) => leaf.descriptor.digest));
  const attestations = leaves.filter((leaf) => {
    const subject = leaf.descriptor.annotations?.[attestationOf];
    return subject !== undefined && digests.has(subject as Digest);
  });
  return subsetIndex(top, [...kept, ...attestations]);
}

/** @throws `unsupported` when a platform is not among those offered: the gate before any write. */
export function requirePlatforms(
  offered: readonly Platform[],
  wanted: readonly Platform[],
  repository: Repository,
): void {
  const absent = wanted.filter((one) => !offered.some((platform) => matchesPlatform(one, platform)));
  if (absent.length === 0) return;
  const names = [...new Set(offered.map((platform) => formatPlatform(normalisePlatform(platform))))];
  throw new ImagesyncError({
    code: "unsupported",
    operation: "select platforms",
    side: repository.side,
    registry: repository.name.registry,
    message: `Cannot select platforms: ${repository.name.registry}/${repository.name.repository} does not offer ${absent.map(formatPlatform).join(", ")}; it offers ${names.join(", ") || "no platform"}`,
    hint: "Ask for platforms the image has, or wait until the missing ones are published",
  });
}

async function leavesOf(repository: Repository, top: Manifest, options: Options): Promise<Leaf[]> {
  if (top.kind === "image") {
    const descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.byteLength };
    return [{ descriptor, platform: await platformFromConfig(repository, top, options), original: descriptor }];
  }
  const parsed = asObject(JSON.parse(new TextDecoder().decode(top.bytes)))?.["manifests"];
  const originals: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  const nested = await Promise.all(
    top.manifests.map(async (descriptor, position): Promise<Leaf[]> => {
      const original = originals[position];
      if (descriptor.annotations?.[attestationOf] !== undefined || !isManifest(descriptor)) {
        return [{ descriptor, platform: undefined, original }];
      }
      if (descriptor.platform) return [{ descriptor, platform: descriptor.platform, original }];
      const child = await options.cache.get(repository, descriptor.digest, options.signal);
      if (child.kind === "index") return await leavesOf(repository, child, options);
      return [{ descriptor, platform: await platformFromConfig(repository, child, options), original }];
    }),
  );
  return nested.flat();
}

/** What the image's config says; undefined for artifacts, whose config is of another kind. */
async function platformFromConfig(
  repository: Repository,
  manifest: Manifest,
  options: Options,
): Promise<Platform | undefined> {
  if (manifest.kind !== "image" || !manifest.config || !/image\.(config\.)?v1\+json$/.test(manifest.config.mediaType))
    return undefined;
  if (manifest.config.size > maxConfigBytes) return undefined;
  const stream = await repository.blobs.open(manifest.config, { signal: options.signal });
  const bytes = await readVerified(stream, manifest.config);
  let fields: ReturnType<typeof asObject>;
  try {
    fields = asObject(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // A config that is no JSON names no platform; whether that matters is the caller's question.
    return undefined;
  }
  const os = fields?.["os"];
  const architecture = fields?.["architecture"];
  const variant = fields?.["variant"];
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return { os, architecture, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) };
}

/** Deterministic: the fields of the original in their order, its descriptors in their order, one more annotation. */
function subsetIndex(top: Index, kept: readonly Leaf[]): Manifest {
  const original = asObject(JSON.parse(new TextDecoder().decode(top.bytes))) ?? {};
  const annotations = { ...asObject(original["annotations"]), [originalIndexAnnotation]: top.digest };
  const unique = new Map(kept.map((leaf) => [leaf.descriptor.digest, leaf.original]));
  const fields = { ...original, mediaType: top.mediaType, manifests: [...unique.values()], annotations };
  let text: string;
  try {
    text = JSON.stringify(fields);
  } catch (error) {
    // A million nested lists can be read, but not written: the writer works recursively.
    throw new ImagesyncError({
      code: "manifest-invalid",
      operation: "select platforms",
      message: `Cannot select platforms: the index ${top.digest} is nested too deep to be written again`,
      hint: "Copy the image whole, without platforms",
      cause: error,
    });
  }
  return parseManifest(new TextEncoder().encode(text), top.mediaType);
}
