import { ImagesyncError, type ErrorCode } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Repository } from "../registry/repository.ts";
import type { UploadSession } from "../registry/uploads.ts";
import { smallBlobBytes } from "./scheduler.ts";
import { readVerified, verifiedBody } from "./verified-body.ts";

export interface DeliveryOptions {
  readonly source: Repository;
  readonly destination: Repository;
  readonly onEvent: OnEvent;
  readonly signal?: AbortSignal | undefined;
  /** Sends every blob, whatever the registry says it has: it said so before, and then missed it. */
  readonly resend?: boolean | undefined;
}

/** How often a blob is sent when its upload breaks. */
const maxAttempts = 4;

/** How often when its login is refused: it has expired in mid-body, and the new session has shown that there is another. */
const maxRefusedAttempts = 3;

/** How often when it arrives as something else: damage on the way passes, damage where it is stored does not. */
const maxDamagedAttempts = 2;

/** Failures of an upload that a new upload may not have. The pause that is due was made when they are told. */
const transient: ReadonlySet<ErrorCode> = new Set(["unavailable", "timeout", "rate-limited"]);

const damaged: ReadonlySet<ErrorCode> = new Set(["digest-mismatch", "size-mismatch"]);

const progressStepBytes = 4 * 1024 * 1024;
/** Slow ones are told of as often as somebody who watches wants to see that they move. */
const progressStepMs = 250;

/**
 * Sends a blob into an upload session. What breaks it makes a new session, never the old one's address again: what a
 * registry has kept of a broken upload is anybody's guess. The source is read anew for it; of a source that breaks off
 * itself the download goes on within one try. Whatever happens, no session is left open.
 * @param early the bytes of a small blob, when they are on their way already.
 */
export async function deliver(
  blob: Descriptor,
  session: UploadSession,
  options: DeliveryOptions,
  early?: Promise<Uint8Array>,
): Promise<void> {
  const { destination, onEvent, signal } = options;
  let current = session;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (blob.size >= smallBlobBytes) await stream(blob, current, options);
      else await sendSmall(blob, current, options, attempt === 1 ? early : undefined);
      return;
    } catch (error) {
      await destination.uploads.cancel(current);
      if (signal?.aborted || !(error instanceof ImagesyncError)) throw error;
      if (attempt >= attemptsFor(error)) throw afterAttempts(error, attempt);
      onEvent({ kind: "retry", operation: "push blob", attempt, delayMs: 0, reason: error.message });
      // What broke may have been the answer only: then it is there, and need not be sent again.
      if (
        !damaged.has(error.code) &&
        options.resend !== true &&
        (await destination.blobs.has(blob.digest, { signal }))
      ) {
        return;
      }
    }
    current = await destination.uploads.start({ signal });
  }
}

/** A small blob whole and verified. Whoever awaits it later sees a failure; until then it counts as handled. */
export function fetchSmall(blob: Descriptor, { source, signal }: DeliveryOptions): Promise<Uint8Array> {
  const bytes = source.blobs.open(blob, { signal }).then((stream) => readVerified(stream, blob));
  bytes.catch(() => undefined);
  return bytes;
}

async function sendSmall(
  blob: Descriptor,
  session: UploadSession,
  options: DeliveryOptions,
  early: Promise<Uint8Array> | undefined,
): Promise<void> {
  const { destination, onEvent, signal } = options;
  const bytes = await (early ?? fetchSmall(blob, options));
  const body = { bytes: blob.size, open: () => bytes, repeatable: true };
  await destination.uploads.put(session, blob.digest, body, { signal });
  onEvent({ kind: "blob-progress", digest: blob.digest, bytes: blob.size, size: blob.size });
}

async function stream(blob: Descriptor, session: UploadSession, options: DeliveryOptions): Promise<void> {
  const { source, destination, onEvent, signal } = options;
  const content = await source.blobs.open(blob, { signal });
  let sourceFailure: ImagesyncError | undefined;
  let reported = 0;
  let reportedAtMs = 0;
  const onBytes = (bytes: number): void => {
    const nowMs = Date.now();
    const isSoon = bytes - reported < progressStepBytes && nowMs - reportedAtMs < progressStepMs;
    if (isSoon && bytes !== blob.size) return;
    reported = bytes;
    reportedAtMs = nowMs;
    onEvent({ kind: "blob-progress", digest: blob.digest, bytes, size: blob.size });
  };
  const open = async function* (): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* verifiedBody(content, blob, onBytes);
    } catch (error) {
      // The upload fails because of it; the failure worth reporting is this one.
      if (error instanceof ImagesyncError) sourceFailure = error;
      throw error;
    }
  };
  try {
    await destination.uploads.put(session, blob.digest, { bytes: blob.size, open, repeatable: false }, { signal });
  } catch (error) {
    throw sourceFailure ?? error;
  } finally {
    // An upload that ends early leaves the source unread: close it, its connection is of no more use.
    content.destroy();
  }
}

/** What fails at the source has been tried often enough when it gets here; a login that expired in mid-body has not. */
function attemptsFor({ code, side }: ImagesyncError): number {
  if (damaged.has(code)) return maxDamagedAttempts;
  if (side === "source") return 1;
  if (code === "unauthorized") return maxRefusedAttempts;
  return transient.has(code) ? maxAttempts : 1;
}

/** The error with the number of times that the blob was sent. */
function afterAttempts(error: ImagesyncError, attempts: number): ImagesyncError {
  if (attempts === 1) return error;
  const { code, operation, message, side, reference, registry, status, registryCode, hint, cause } = error;
  const facts = { code, operation, message, side, reference, registry, status, registryCode, hint, cause };
  return new ImagesyncError({ ...facts, attempts });
}
