import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { blobSize, requireDigest } from "./blobs.ts";
import { RegistryError } from "./errors.ts";
import type { Exchange, Registry } from "./exchange.ts";
import { isTag } from "./grammar.ts";
import { readManifest, type ManifestDocument, type ReferencedContent } from "./manifest-document.ts";
import { forgetReferrer, rememberReferrer } from "./referrers.ts";
import type { Reply } from "./reply.ts";
import { readBody } from "./request-body.ts";
import { untagAll } from "./tags.ts";

/** GET and HEAD: the exact bytes that were pushed. */
export async function getManifest(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository, reference } = exchange.route;
  const digest = await resolve(registry, repository, reference);
  const mediaType = await registry.storage.get(repository, "manifests", digest);
  const size = await registry.storage.size(digest);
  if (mediaType === undefined || size === undefined) throw unknownManifest();
  if (!accepts(exchange.request, mediaType)) {
    // A client that forgets a type gets what the reference implementation gives it, not a conversion.
    throw new RegistryError("MANIFEST_UNKNOWN", `The manifest has type ${mediaType}, which Accept does not list`);
  }
  const headers = { "Content-Type": mediaType, "Docker-Content-Digest": digest, ETag: `"${digest}"` };
  if (exchange.request.headers["if-none-match"] === `"${digest}"`) return { status: 304, headers };
  return { status: 200, headers, body: { size, open: () => registry.storage.open(digest) } };
}

/** PUT: keeps a manifest under its digest, and under a tag when it was pushed by tag. */
export async function putManifest(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository, reference } = exchange.route;
  const pushedDigest = reference.includes(":") ? requireDigest(reference) : undefined;
  if (pushedDigest === undefined) requireTag(reference);
  const mediaType = contentType(exchange.request);
  const bytes = await body(exchange, registry.options.maxManifestBytes);
  const algorithm = pushedDigest?.algorithm ?? "sha256";
  const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
  if (pushedDigest !== undefined && digest !== reference) {
    throw new RegistryError("DIGEST_INVALID", "The manifest does not have the digest it was pushed by", {
      detail: { expected: reference, actual: digest },
    });
  }
  const document = readManifest(bytes, mediaType);
  await requireContents(registry, repository, document);

  await registry.storage.keep(digest, bytes);
  await registry.storage.set(repository, "manifests", digest, mediaType);
  const subject = registry.options.referrersApi ? document.subject : undefined;
  if (subject !== undefined) {
    await rememberReferrer(registry, repository, subject, { mediaType, digest, size: bytes.length, document });
  }
  // The tag comes last: a manifest that can be found by it is complete.
  if (pushedDigest === undefined) await registry.storage.set(repository, "tags", reference, digest);
  return {
    status: 201,
    headers: {
      Location: `/v2/${repository}/manifests/${digest}`,
      "Docker-Content-Digest": digest,
      ...(subject === undefined ? {} : { "OCI-Subject": subject }),
    },
  };
}

/** DELETE: a tag alone, or a digest with all its tags. Blobs and children stay. */
export async function deleteManifest(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository, reference } = exchange.route;
  const digest = await resolve(registry, repository, reference);
  if (reference !== digest) {
    if (!registry.options.tagDelete) {
      throw new RegistryError("UNSUPPORTED", "Tags cannot be deleted, only digests", { status: 400 });
    }
    await registry.storage.remove(repository, "tags", reference);
    return { status: 202 };
  }
  const mediaType = await registry.storage.get(repository, "manifests", digest);
  if (mediaType === undefined) throw unknownManifest();
  await forgetReferrer(registry, repository, digest, mediaType);
  await untagAll(registry, repository, digest);
  await registry.storage.remove(repository, "manifests", digest);
  return { status: 202 };
}

async function resolve(registry: Registry, repository: string, reference: string): Promise<string> {
  if (reference.includes(":")) {
    requireDigest(reference);
    return reference;
  }
  requireTag(reference);
  const digest = await registry.storage.get(repository, "tags", reference);
  if (digest !== undefined) return digest;
  throw (await registry.storage.knows(repository))
    ? unknownManifest()
    : new RegistryError("NAME_UNKNOWN", "The repository does not exist");
}

async function requireContents(registry: Registry, repository: string, document: ManifestDocument): Promise<void> {
  const { storage, options } = registry;
  for (const blob of document.blobs) {
    check(blob, await blobSize(registry, repository, blob.digest), options.verifySizes);
  }
  for (const child of document.manifests) {
    const known = (await storage.get(repository, "manifests", child.digest)) !== undefined;
    const size = known ? await storage.size(child.digest) : undefined;
    if (size === undefined && options.allowSparseIndex) continue;
    check(child, size, options.verifySizes);
  }
}

function check(content: ReferencedContent, size: number | undefined, verifySizes: boolean): void {
  const { digest } = content;
  if (size === undefined) {
    throw new RegistryError("MANIFEST_BLOB_UNKNOWN", "The manifest names content that the repository does not have", {
      detail: { digest },
    });
  }
  if (verifySizes && size !== content.size) {
    throw new RegistryError("MANIFEST_INVALID", "The manifest states a wrong size", {
      detail: { digest, stated: content.size, actual: size },
    });
  }
}

async function body(exchange: Exchange, limit: number): Promise<Buffer> {
  const tooLarge = new RegistryError("MANIFEST_INVALID", `The manifest is larger than ${limit} bytes`, { status: 413 });
  if (Number(exchange.request.headers["content-length"] ?? 0) > limit) throw tooLarge;
  return readBody(exchange.body, limit, tooLarge, exchange.onReceived);
}

function contentType(request: IncomingMessage): string {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(type)) throw new RegistryError("MANIFEST_INVALID", "The push has no Content-Type");
  return type;
}

/** Without an Accept header nothing is accepted, as on the reference implementation: clients must say what they know. */
function accepts(request: IncomingMessage, mediaType: string): boolean {
  const ranges = (request.headers.accept ?? "").split(",").map((range) => range.split(";")[0]?.trim());
  return ranges.includes(mediaType) || ranges.includes("*/*") || ranges.includes("application/*");
}

function requireTag(text: string): void {
  if (!isTag(text)) throw new RegistryError("TAG_INVALID", "The tag is not valid");
}

function unknownManifest(): RegistryError {
  return new RegistryError("MANIFEST_UNKNOWN", "The repository does not have this manifest");
}
