import { requireDigest } from "./blobs.ts";
import { RegistryError } from "./errors.ts";
import type { Exchange, Registry } from "./exchange.ts";
import { isRepositoryName } from "./grammar.ts";
import type { Reply } from "./reply.ts";
import type { UploadSession } from "./upload-sessions.ts";

/**
 * POST: mounts a blob of another repository (201), takes a whole blob (201 with `?digest=`), or opens a session (202).
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export async function beginUpload(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository } = exchange.route;
  const mount = exchange.query.get("mount");
  if (mount !== null && (await mounted(registry, exchange, mount))) return created(repository, mount);
  const digest = exchange.query.get("digest");
  if (digest !== null) requireDigest(digest);
  const session = await registry.sessions.begin(repository);
  if (digest === null) return status(202, session);
  try {
    return await finish(registry, exchange, session, digest);
  } catch (error) {
    // The client was never told of this session, so nobody else can end it.
    await registry.sessions.discard(session);
    throw error;
  }
}

/** PATCH: adds bytes; `Content-Range`, when sent, must continue exactly where the session stands (else 416). */
export async function continueUpload(registry: Registry, exchange: Exchange): Promise<Reply> {
  const session = current(registry, exchange);
  await receive(registry, exchange, session);
  return status(202, session);
}

/** PUT: adds the last bytes, if any, and turns the session into the blob named by `?digest=`. */
export async function finishUpload(registry: Registry, exchange: Exchange): Promise<Reply> {
  return finish(registry, exchange, current(registry, exchange), exchange.query.get("digest") ?? "");
}

/** GET: how far the session has come. */
export async function uploadStatus(registry: Registry, exchange: Exchange): Promise<Reply> {
  return status(204, registry.sessions.find(exchange.route.repository, exchange.route.reference));
}

/** DELETE: gives the session up. */
export async function cancelUpload(registry: Registry, exchange: Exchange): Promise<Reply> {
  await registry.sessions.discard(registry.sessions.find(exchange.route.repository, exchange.route.reference));
  return { status: 204 };
}

async function mounted(registry: Registry, exchange: Exchange, digest: string): Promise<boolean> {
  requireDigest(digest);
  const from = exchange.query.get("from");
  if (from === null) return false;
  if (!isRepositoryName(from))
    throw new RegistryError("NAME_INVALID", "The name of the source repository is not valid");
  // Whoever may not pull from the source must not learn whether it has the blob: an ordinary session follows.
  if (!exchange.grants.allows(from, "pull")) return false;
  if ((await registry.storage.get(from, "layers", digest)) === undefined) return false;
  await registry.storage.set(exchange.route.repository, "layers", digest, "");
  return true;
}

/** The session a body is meant for. Its address holds the offset, so a client that re-uses an old one is found out. */
function current(registry: Registry, exchange: Exchange): UploadSession {
  const session = registry.sessions.find(exchange.route.repository, exchange.route.reference);
  if (exchange.query.get("state") !== String(session.offset)) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", "This is not the newest Location of the upload session", {
      headers: sessionHeaders(session),
    });
  }
  return session;
}

async function finish(
  registry: Registry,
  exchange: Exchange,
  session: UploadSession,
  digestText: string,
): Promise<Reply> {
  const digest = requireDigest(digestText);
  await receive(registry, exchange, session);
  await registry.sessions.finish(session, digest);
  await registry.storage.set(session.repository, "layers", digestText, "");
  return created(session.repository, digestText);
}

async function receive(registry: Registry, exchange: Exchange, session: UploadSession): Promise<void> {
  const { request } = exchange;
  const range = request.headers["content-range"];
  const before = session.offset;
  const expected = range === undefined ? undefined : expectedBytes(range, session, request.headers["content-length"]);
  await registry.sessions.append(session, exchange.body, exchange.onReceived);
  if (expected !== undefined && session.offset - before !== expected) {
    await registry.sessions.discard(session);
    throw new RegistryError("SIZE_INVALID", "The body has another length than its Content-Range");
  }
}

/** `start-end`, both inclusive, without a unit: the form of the specification. */
function expectedBytes(range: string, session: UploadSession, contentLength: string | undefined): number {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(range);
  const start = Number(match?.[1]);
  const bytes = Number(match?.[2]) - start + 1;
  const inOrder = match !== null && start === session.offset && bytes > 0;
  if (!inOrder || (contentLength !== undefined && Number(contentLength) !== bytes)) {
    throw new RegistryError("BLOB_UPLOAD_INVALID", "The chunk does not continue the upload", {
      status: 416,
      headers: sessionHeaders(session),
    });
  }
  return bytes;
}

function created(repository: string, digest: string): Reply {
  return {
    status: 201,
    headers: { Location: `/v2/${repository}/blobs/${digest}`, "Docker-Content-Digest": digest },
  };
}

function status(code: 202 | 204, session: UploadSession): Reply {
  return { status: code, headers: sessionHeaders(session) };
}

function sessionHeaders(session: UploadSession): Record<string, string> {
  return {
    Location: `/v2/${session.repository}/blobs/uploads/${session.id}?state=${session.offset}`,
    "Docker-Upload-UUID": session.id,
    // An empty session reads 0-0 too: the header cannot say "nothing".
    Range: `0-${Math.max(0, session.offset - 1)}`,
  };
}
