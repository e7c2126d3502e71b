import { RegistryError } from "./errors.ts";
import type { Exchange, Registry } from "./exchange.ts";
import { parseDigest, type ParsedDigest } from "./grammar.ts";
import type { Reply } from "./reply.ts";

/** GET and HEAD: the bytes of a blob that this repository has, whole or one range of them. */
export async function getBlob(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository, reference: digest } = exchange.route;
  requireDigest(digest);
  const size = await blobSize(registry, repository, digest);
  if (size === undefined) throw new RegistryError("BLOB_UNKNOWN", "The repository does not have this blob");
  const headers = {
    "Docker-Content-Digest": digest,
    ETag: `"${digest}"`,
    "Content-Type": "application/octet-stream",
    "Accept-Ranges": "bytes",
  };
  if (exchange.request.headers["if-none-match"] === `"${digest}"`) return { status: 304, headers };
  const { method, headers: asked } = exchange.request;
  const range = method === "GET" ? byteRange(asked.range, size) : undefined;
  if (range === undefined) {
    return { status: 200, headers, body: { size, open: () => registry.storage.open(digest) } };
  }
  return {
    status: 206,
    headers: { ...headers, "Content-Range": `bytes ${range.start}-${range.end}/${size}` },
    body: { size: range.end - range.start + 1, open: () => registry.storage.open(digest, range) },
  };
}

/** DELETE: the repository forgets the blob; other repositories and manifests that name it are not looked at. */
export async function deleteBlob(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository, reference: digest } = exchange.route;
  requireDigest(digest);
  if (!(await registry.storage.remove(repository, "layers", digest))) {
    throw new RegistryError("BLOB_UNKNOWN", "The repository does not have this blob");
  }
  return { status: 202, headers: { "Docker-Content-Digest": digest } };
}

/** Size in bytes of a blob of this repository, undefined when it has none: that another one has it does not count. */
export async function blobSize(registry: Registry, repository: string, digest: string): Promise<number | undefined> {
  const linked = await registry.storage.get(repository, "layers", digest);
  return linked === undefined ? undefined : registry.storage.size(digest);
}

/** @throws RegistryError DIGEST_INVALID when the text is no sha256 or sha512 digest. */
export function requireDigest(text: string): ParsedDigest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new RegistryError("DIGEST_INVALID", "The digest is not a sha256 or sha512 digest");
  return digest;
}

/**
 * One range of bytes; undefined means the whole, which is also the answer to a header that is malformed or asks for
 * several ranges (https://www.rfc-editor.org/rfc/rfc9110#section-14.2). @throws RegistryError 416 when it lies outside.
 */
function byteRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  if (start >= size) {
    throw new RegistryError("SIZE_INVALID", "The range lies outside of the blob", {
      status: 416,
      headers: { "Content-Range": `bytes */${size}` },
    });
  }
  return { start, end };
}
