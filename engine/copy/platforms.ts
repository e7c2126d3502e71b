import { ImagesyncError } from "../errors.ts";
import type { ReadOptions } from "../graph/manifest-cache.ts";
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

/** Indexes of indexes exist (CNAB bundles); deeper than this nobody means it. */
const maxDepth = 8;
/** All images below one index. */
const maxLeaves = 10_000;

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
  options: ReadOptions,
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
  options: ReadOptions,
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

/**
 * The images below a manifest, in the order of their indexes. First everything that has to be read is read, each digest
 * once; then the order is made without waiting, so that it does not depend on which answer came first.
 * @throws `limit` for indexes nested as nobody means it.
 */
async function leavesOf(repository: Repository, top: Manifest, options: ReadOptions): Promise<Leaf[]> {
  const read = new Map<Digest, Manifest>();
  const platforms = new Map<Digest, Platform | undefined>();
  const readBelow = async (manifest: Manifest, depth: number): Promise<void> => {
    if (read.has(manifest.digest)) return;
    read.set(manifest.digest, manifest);
    if (read.size > maxLeaves) throw tooMuch(top, `it has more than ${maxLeaves} manifests`);
    if (manifest.kind === "image") {
      platforms.set(manifest.digest, await platformFromConfig(repository, manifest, options));
      return;
    }
    if (depth >= maxDepth) throw tooMuch(top, `it nests indexes more than ${maxDepth} deep`);
    const unlabelled = new Set(manifest.manifests.filter(mustBeRead).map((child) => child.digest));
    await Promise.all(
      [...unlabelled].map(async (digest) => {
        if (!read.has(digest)) await readBelow(await options.cache.get(repository, digest, options.signal), depth + 1);
      }),
    );
  };
  await readBelow(top, 0);

  const leaves: Leaf[] = [];
  const visited = new Set<Digest>();
  const visit = (index: Index): void => {
    // Listed twice, an index adds nothing; followed each time, some nested ones would be millions.
    if (visited.has(index.digest)) return;
    visited.add(index.digest);
    const originals = originalsOf(index);
    for (const [position, descriptor] of index.manifests.entries()) {
      const child = mustBeRead(descriptor) ? read.get(descriptor.digest) : undefined;
      if (child?.kind === "index") {
        visit(child);
        continue;
      }
      const platform = isAttestation(descriptor)
        ? undefined
        : (descriptor.platform ?? platforms.get(descriptor.digest));
      leaves.push({ descriptor, platform, original: originals[position] });
      if (leaves.length > maxLeaves) throw tooMuch(top, `it has more than ${maxLeaves} images`);
    }
  };
  if (top.kind === "index") {
    visit(top);
    return leaves;
  }
  const descriptor = { mediaType: top.mediaType, digest: top.digest, size: top.bytes.byteLength };
  return [{ descriptor, platform: platforms.get(top.digest), original: descriptor }];
}

function isAttestation(descriptor: Descriptor): boolean {
  return descriptor.annotations?.[attestationOf] !== undefined;
}

/** Whether only the manifest itself can tell its platform, or whether it is an index. */
function mustBeRead(descriptor: Descriptor): boolean {
  return !isAttestation(descriptor) && isManifest(descriptor) && descriptor.platform === undefined;
}

/** The descriptors of an index as they stand in it, field for field. */
function originalsOf(index: Index): readonly unknown[] {
  const parsed = asObject(JSON.parse(new TextDecoder().decode(index.bytes)))?.["manifests"];
  return Array.isArray(parsed) ? parsed : [];
}

function tooMuch(top: Manifest, why: string): ImagesyncError {
  return new ImagesyncError({
    code: "limit",
    operation: "read an index",
    message: `Cannot read the index ${top.digest}: ${why}`,
  });
}

/** What the image's config says; undefined for artifacts, whose config is of another kind. */
async function platformFromConfig(
  repository: Repository,
  manifest: Manifest,
  options: ReadOptions,
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
