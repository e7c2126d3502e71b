import { createHash, randomUUID, type Hash } from "node:crypto";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RegistryError } from "./errors.ts";
import type { ParsedDigest } from "./grammar.ts";
import type { Staging, Storage } from "./storage.ts";

/** One blob on its way in. Its bytes are hashed as they arrive, and never held here. */
export interface UploadSession {
  readonly id: string;
  readonly repository: string;
  /** Bytes received in whole requests. */
  offset: number;
  /** A request is adding bytes right now. */
  busy: boolean;
  readonly sha256: Hash;
  readonly staging: Staging;
}

/** The open upload sessions of a registry. */
export class UploadSessions {
  readonly #storage: Storage;
  readonly #sessions = new Map<string, UploadSession>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** How many sessions wait for more bytes or for their end: a client that leaves some behind is leaking. */
  get open(): number {
    return this.#sessions.size;
  }

  async begin(repository: string): Promise<UploadSession> {
    const session: UploadSession = {
      id: randomUUID(),
      repository,
      offset: 0,
      busy: false,
      sha256: createHash("sha256"),
      staging: await this.#storage.stage(),
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  /** @throws RegistryError BLOB_UPLOAD_UNKNOWN; a session of another repository does not exist either. */
  find(repository: string, id: string): UploadSession {
    const session = this.#sessions.get(id);
    if (session?.repository !== repository) {
      throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "The upload session does not exist");
    }
    return session;
  }

  /**
   * Adds a body. When it breaks off, the session ends and its bytes are gone, as on the reference implementation: where
   * exactly the client stopped is not known to both sides any more.
   */
  async append(session: UploadSession, body: Readable, onReceived: (bytes: number) => void): Promise<void> {
    if (session.busy) {
      throw new RegistryError("BLOB_UPLOAD_INVALID", "Another request is writing to this upload session");
    }
    session.busy = true;
    let received = 0;
    body.on("data", (chunk: Buffer) => {
      session.sha256.update(chunk);
      received += chunk.length;
      onReceived(chunk.length);
    });
    try {
      await session.staging.append(body);
      session.offset += received;
    } catch (error) {
      await this.discard(session);
      throw error;
    } finally {
      session.busy = false;
    }
  }

  /** Ends the session: its bytes become the content of `digest`. @throws RegistryError DIGEST_INVALID when they are not. */
  async finish(session: UploadSession, digest: ParsedDigest): Promise<void> {
    if (session.busy) {
      throw new RegistryError("BLOB_UPLOAD_INVALID", "Another request is writing to this upload session");
    }
    // From here on nobody else finds it; and when somebody has cancelled it meanwhile, its bytes are gone.
    if (!this.#sessions.delete(session.id)) {
      throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "The upload session does not exist");
    }
    try {
      const actual = digest.algorithm === "sha256" ? session.sha256.digest("hex") : await sha512(session.staging);
      if (actual !== digest.hex) {
        throw new RegistryError("DIGEST_INVALID", "The content does not have the digest it was uploaded for", {
          detail: { expected: `${digest.algorithm}:${digest.hex}`, actual: `${digest.algorithm}:${actual}` },
        });
      }
      await session.staging.keep(`${digest.algorithm}:${digest.hex}`);
    } catch (error) {
      await session.staging.discard();
      throw error;
    }
  }

  async discard(session: UploadSession): Promise<void> {
    this.#sessions.delete(session.id);
    await session.staging.discard();
  }

  async discardAll(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => this.discard(session)));
  }
}

/** The rare algorithm: only the end of an upload says that it is wanted, so the bytes are read once more. */
async function sha512(staging: Staging): Promise<string> {
  const hash = createHash("sha512");
  await pipeline(staging.open(), hash);
  return hash.digest("hex");
}
