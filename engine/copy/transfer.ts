import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { ImagesyncError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { type Known, repositoryKey } from "../graph/known.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { Repository } from "../registry/repository.ts";
import type { UploadSession } from "../registry/uploads.ts";
import { smallBlobBytes, type TransferScheduler } from "./scheduler.ts";
import { readVerified, verifiedBody } from "./verified-body.ts";

/** How a blob came to be at the destination. */
export type Transferred = "copied" | "mounted" | "present";

export interface TransferOptions {
  readonly source: Repository;
  readonly destination: Repository;
  /** Nothing of this image is expected at the destination: small blobs are fetched while their upload opens. */
  readonly cold: boolean;
  /** How many blobs the image has. */
  readonly blobs: number;
  /** Asks the registry about every blob, whatever this process believes to know: for repairs. */
  readonly distrust: boolean;
  readonly onEvent: OnEvent;
  readonly signal?: AbortSignal | undefined;
}

const progressStepBytes = 4 * 1024 * 1024;

/** Moves single blobs; lives as long as the engine, so that copies that want the same blob share it. */
export class Transfers {
  readonly #known: Known;
  readonly #scheduler: TransferScheduler;
  readonly #locks = new KeyedLock();
  /** By repository: the first small blob on its way there; undefined if it did not have to be uploaded. */
  readonly #firstBlobs = new Map<string, Promise<Digest | undefined>>();
  readonly #probes = new Map<string, Promise<void>>();

  constructor(known: Known, scheduler: TransferScheduler) {
    this.#known = known;
    this.#scheduler = scheduler;
  }

  /**
   * Makes sure that the destination repository has the blob, with as few requests and bytes as possible: known from
   * before, mounted from a repository of the same registry, or copied. However many copies want it at the same time,
   * its bytes go to a registry once: the others wait and find it there. When the one they waited for fails, the next
   * one tries itself.
   */
  async ensure(blob: Descriptor, options: TransferOptions): Promise<Transferred> {
    const { destination, signal } = options;
    const { registry } = destination.name;
    const inRepository = `${repositoryKey(destination.name)}@${blob.digest}`;
    // Under the lock still: whoever gets it next must know of the blob, or it sends it again.
    const remember = async (arrival: Promise<Transferred>): Promise<Transferred> => {
      const how = await arrival;
      this.#known.addBlob(destination.name, blob.digest);
      return how;
    };
    const how = await this.#locks.exclusive(
      inRepository,
      async () => {
        if (!options.distrust && this.#known.hasBlob(destination.name, blob.digest)) return "present";
        const elsewhere = this.#elsewhere(blob, options);
        if (elsewhere !== undefined) return await remember(this.#mountOrCopy(blob, elsewhere, options));
        return await this.#locks.exclusive(
          `${registry}@${blob.digest}`,
          async () => {
            // While this one waited, another copy may have brought the blob to another repository.
            const arrived = this.#elsewhere(blob, options);
            return await remember(
              arrived === undefined ? this.#checkOrCopy(blob, options) : this.#mountOrCopy(blob, arrived, options),
            );
          },
          signal,
        );
      },
      signal,
    );
    options.onEvent({ kind: "blob-done", digest: blob.digest, size: blob.size, how });
    return how;
  }

  /** A repository of the destination's registry from which the blob can be mounted. */
  #elsewhere(blob: Descriptor, { source, destination }: TransferOptions): string | undefined {
    const { registry, repository } = destination.name;
    const from =
      source.name.registry === registry
        ? source.name.repository
        : this.#known.repositoryWithBlob(registry, blob.digest);
    return from === repository ? undefined : from;
  }

  async #mountOrCopy(blob: Descriptor, from: string, options: TransferOptions): Promise<Transferred> {
    const { destination, signal } = options;
    return await this.#scheduler.run(
      blob.size,
      async () => {
        const answer = await destination.uploads.mount(blob.digest, from, { signal });
        if (answer === "mounted") {
          this.#known.learnMounts(destination.name.registry, true);
          return "mounted";
        }
        return await this.#upload(blob, answer, options);
      },
      signal,
    );
  }

  /**
   * A mount from the repository itself is existence check and upload session in one request: 201 says that the blob is
   * there, 202 opens the upload. Registries that mount nothing always say 202; until one has shown that it mounts, its
   * 202 proves little. For a small blob of a new image that is proof enough, as sending it in vain costs next to nothing;
   * for everything else HEAD decides.
   */
  async #checkOrCopy(blob: Descriptor, options: TransferOptions): Promise<Transferred> {
    const { destination, signal, cold, distrust } = options;
    const trivial = cold && !distrust && blob.size < smallBlobBytes;
    if (!trivial) await this.#learnMounts(options);
    const arrival = this.#scheduler.run(
      blob.size,
      async () => {
        const mounts = this.#known.mounts(destination.name.registry);
        const oneRequest = !distrust && (mounts ?? trivial);
        if (!oneRequest && (await destination.blobs.has(blob.digest, { signal }))) return "present";
        // A small blob that is surely wanted can be on its way while the upload opens: a round trip less.
        const early = blob.size < smallBlobBytes && (cold || !oneRequest) ? this.#fetchSmall(blob, options) : undefined;
        const opening = oneRequest ? this.#mountFromItself(blob, options) : destination.uploads.start({ signal });
        const answer = await settle(opening, early);
        return answer === "mounted" ? "present" : await this.#upload(blob, answer, options, early);
      },
      signal,
    );
    if (trivial) this.#rememberFirst(blob, arrival, options);
    return await arrival;
  }

  async #mountFromItself(
    blob: Descriptor,
    { destination, signal }: TransferOptions,
  ): Promise<"mounted" | UploadSession> {
    const answer = await destination.uploads.mount(blob.digest, destination.name.repository, { signal });
    if (answer === "mounted") this.#known.learnMounts(destination.name.registry, true);
    return answer;
  }

  /** A small blob whole and verified. Whoever awaits it later sees a failure; until then it counts as handled. */
  #fetchSmall(blob: Descriptor, { source, signal }: TransferOptions): Promise<Uint8Array> {
    const bytes = source.blobs.open(blob, { signal }).then((stream) => readVerified(stream, blob));
    bytes.catch(() => undefined);
    return bytes;
  }

  async #upload(
    blob: Descriptor,
    session: UploadSession,
    options: TransferOptions,
    early?: Promise<Uint8Array>,
  ): Promise<Transferred> {
    const { destination, onEvent, signal } = options;
    try {
      if (blob.size < smallBlobBytes) {
        const bytes = await (early ?? this.#fetchSmall(blob, options));
        await destination.uploads.put(
          session,
          blob.digest,
          { bytes: blob.size, open: () => bytes, repeatable: true },
          { signal },
        );
        onEvent({ kind: "blob-progress", digest: blob.digest, bytes: blob.size, size: blob.size });
      } else {
        await this.#stream(blob, session, options);
      }
      return "copied";
    } catch (error) {
      await destination.uploads.cancel(session);
      throw error;
    }
  }

  async #stream(blob: Descriptor, session: UploadSession, options: TransferOptions): Promise<void> {
    const { source, destination, onEvent, signal } = options;
    const stream = await source.blobs.open(blob, { signal });
    let sourceFailure: ImagesyncError | undefined;
    let reported = 0;
    const onBytes = (bytes: number): void => {
      if (bytes - reported < progressStepBytes && bytes !== blob.size) return;
      reported = bytes;
      onEvent({ kind: "blob-progress", digest: blob.digest, bytes, size: blob.size });
    };
    const open = async function* (): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield* verifiedBody(stream, blob, onBytes);
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
      stream.destroy();
    }
  }

  /** The first small blob on its way to a repository is what the question about mounts will be asked with. */
  #rememberFirst(blob: Descriptor, arrival: Promise<Transferred>, { destination }: TransferOptions): void {
    const key = repositoryKey(destination.name);
    if (this.#firstBlobs.has(key) || this.#known.mounts(destination.name.registry) !== undefined) return;
    const arrived = arrival.then(
      (how) => (how === "copied" ? blob.digest : undefined),
      () => undefined,
    );
    this.#firstBlobs.set(key, arrived);
  }

  /**
   * Asks a registry of unknown manners whether it mounts, with a blob that its repository must have because it was just
   * uploaded: a yes saves a request for every larger blob to come, so it pays for images with some of them.
   */
  async #learnMounts({ destination, blobs, signal }: TransferOptions): Promise<void> {
    const { registry, repository } = destination.name;
    const first = this.#firstBlobs.get(repositoryKey(destination.name));
    if (blobs < 3 || this.#known.mounts(registry) !== undefined || first === undefined) return;
    const probe = async (): Promise<void> => {
      const uploaded = await first;
      if (uploaded === undefined) return;
      const answer = await destination.uploads.mount(uploaded, repository, { signal });
      this.#known.learnMounts(registry, answer === "mounted");
      if (answer !== "mounted") await destination.uploads.cancel(answer);
    };
    const running = this.#probes.get(registry) ?? probe().finally(() => this.#probes.delete(registry));
    this.#probes.set(registry, running);
    try {
      await running;
    } catch {
      // It was a question about manners; the upload itself will tell what is wrong.
    }
  }
}

/** Waits for the upload to open; when it does not, the early fetch has no taker and must end first. */
async function settle<T>(opening: Promise<T>, early: Promise<unknown> | undefined): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    await early?.catch(() => undefined);
    throw error;
  }
}
