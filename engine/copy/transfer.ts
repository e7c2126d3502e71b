import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { type Known, repositoryKey } from "../graph/known.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { UploadSession } from "../registry/uploads.ts";
import { deliver, type DeliveryOptions, fetchSmall } from "./delivery.ts";
import { smallBlobBytes, type TransferScheduler } from "./scheduler.ts";

/** How a blob came to be at the destination. */
export type Transferred = "copied" | "mounted" | "present";

export interface TransferOptions extends DeliveryOptions {
  /** Nothing of this image is expected at the destination: small blobs are fetched while their upload opens. */
  readonly cold: boolean;
  /** How many blobs the image has. */
  readonly blobs: number;
  /** Asks the registry about every blob, whatever this process believes to know: for repairs. */
  readonly distrust: boolean;
}

/** Refusals of a mount that are about mounting; others are about the repository to mount from. */
const mountsNothing: ReadonlySet<number> = new Set([400, 405, 501]);

/** Moves single blobs; lives as long as the engine, so that copies that want the same blob share it. */
export class Transfers {
  readonly #known: Known;
  readonly #scheduler: TransferScheduler;
  readonly #locks = new KeyedLock();
  /** By repository: the first small blob on its way there; undefined if it did not have to be uploaded. */
  readonly #firstBlobs = new Map<string, Promise<Digest | undefined>>();
  readonly #probes = new Map<string, Promise<void>>();
  /** Registries, and repositories of registries, that have refused a mount. */
  readonly #refusedMounts = new Set<string>();

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
  #elsewhere(blob: Descriptor, { source, destination, resend }: TransferOptions): string | undefined {
    const { registry, repository } = destination.name;
    if (resend === true || this.#refusedMounts.has(registry)) return undefined;
    const from =
      source.name.registry === registry
        ? source.name.repository
        : this.#known.repositoryWithBlob(registry, blob.digest);
    return from === repository || this.#refusedMounts.has(`${registry}/${from}`) ? undefined : from;
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
        this.#noteRefusal(destination.name.registry, from, answer.mountRefused);
        return await this.#upload(blob, answer, options);
      },
      signal,
    );
  }

  /** A failure of the registry says nothing about its manners. */
  #noteRefusal(registry: string, from: string, status: number | undefined): void {
    if (status === undefined || (status >= 500 && status !== 501)) return;
    this.#refusedMounts.add(mountsNothing.has(status) ? registry : `${registry}/${from}`);
  }

  /**
   * A mount from the repository itself is existence check and upload session in one request: 201 says that the blob is
   * there, 202 opens the upload. Registries that mount nothing always say 202; until one has shown that it mounts, its
   * 202 proves little. For a small blob of a new image that is proof enough, as sending it in vain costs next to nothing;
   * for everything else HEAD decides.
   */
  async #checkOrCopy(blob: Descriptor, options: TransferOptions): Promise<Transferred> {
    const { destination, signal, cold, distrust, resend } = options;
    const trivial = cold && !distrust && blob.size < smallBlobBytes;
    if (!trivial) await this.#learnMounts(options);
    const arrival = this.#scheduler.run(
      blob.size,
      async () => {
        const mounts = this.#known.mounts(destination.name.registry);
        const oneRequest = !distrust && (mounts ?? trivial);
        if (!oneRequest && resend !== true && (await destination.blobs.has(blob.digest, { signal }))) return "present";
        // A small blob that is surely wanted can be on its way while the upload opens: a round trip less.
        const early = blob.size < smallBlobBytes && (cold || !oneRequest) ? fetchSmall(blob, options) : undefined;
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

  async #upload(
    blob: Descriptor,
    session: UploadSession,
    options: TransferOptions,
    early?: Promise<Uint8Array>,
  ): Promise<Transferred> {
    await deliver(blob, session, options, early);
    return "copied";
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
