import { ImagesyncError } from "../errors.ts";
import type { HttpResponse, RequestBody } from "../http/message.ts";
import type { Digest } from "../oci/digest.ts";
import { discardBody } from "./body.ts";
import type { RepositoryRequest, RepositoryRequests } from "./repository-requests.ts";

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** An upload the registry has opened for us. It is finished by {@link Uploads.put} or given back by cancel. */
export interface UploadSession {
  /** Absolute; may name another host and carry state in its query, which is kept as it came. */
  readonly location: string;
  /** The status with which a mount was refused before this upload was opened instead. */
  readonly mountRefused?: number | undefined;
}

/** Codes by which a registry says that an upload is not what it was, whatever the status. */
const lostCodes: ReadonlySet<string> = new Set(["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"]);

/** Statuses that say the same: gone, or (416) at another offset than its first byte. */
const lostStatuses: ReadonlySet<number> = new Set([404, 410, 416]);

/** A stop must end a copy within two seconds, and giving uploads back is part of it. */
const cancelDeadlineMs = 1_000;

/** How long the answer to a stopped request is waited for, when it may have opened an upload. */
const openingGraceMs = 500;

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs */
export class Uploads {
  readonly #requests: RepositoryRequests;
  /** Repositories whose pull the token server has refused us together with our own push. */
  readonly #noMountFrom = new Set<string>();

  constructor(requests: RepositoryRequests) {
    this.#requests = requests;
  }

  /** Opens an upload. */
  async start(options: Options = {}): Promise<UploadSession> {
    const opening: RepositoryRequest = { operation: "start an upload", method: "POST", path: "blobs/uploads/" };
    const response = await this.#open(opening, options.signal);
    if (response.status === 202) return this.#session(response);
    throw await this.#requests.refusal(response, opening);
  }

  /**
   * Asks to take the blob over from another repository of the same registry (or, with the repository itself, whether
   * it is already here). A registry that cannot opens an upload instead, in the same answer; one that refuses mounts
   * altogether, or gives no token for both repositories together, is asked for a plain upload.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
   */
  async mount(digest: Digest, from: string, options: Options = {}): Promise<"mounted" | UploadSession> {
    const unauthorized = async (): Promise<UploadSession> => ({ ...(await this.start(options)), mountRefused: 401 });
    if (this.#noMountFrom.has(from)) return await unauthorized();
    const path = `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
    const mounting: RepositoryRequest = {
      operation: "mount blob",
      method: "POST",
      path,
      object: digest,
      alsoPull: from,
    };
    let response: HttpResponse;
    try {
      response = await this.#open(mounting, options.signal);
    } catch (error) {
      // GitLab's token server refuses the whole token when the login may not pull from the other repository.
      if (!(error instanceof ImagesyncError) || error.code !== "unauthorized") throw error;
      this.#noMountFrom.add(from);
      return await unauthorized();
    }
    if (response.status === 201) {
      discardBody(response);
      return "mounted";
    }
    if (response.status === 202) return this.#session(response);
    discardBody(response);
    return { ...(await this.start(options)), mountRefused: response.status };
  }

  /**
   * Sends the whole blob in one request and commits it. A session is good for one try: what has failed in the middle
   * has left it in a state that registries do not agree on, so another try needs another session.
   * @throws `unavailable` when the registry does not know the upload any more: it has expired, or was finished by a
   * request whose answer got lost.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#post-then-put
   */
  async put(session: UploadSession, digest: Digest, body: RequestBody, options: Options = {}): Promise<void> {
    const joint = session.location.includes("?") ? "&" : "?";
    const pushing: RepositoryRequest = {
      operation: "push blob",
      method: "PUT",
      path: `${session.location}${joint}digest=${encodeURIComponent(digest)}`,
      headers: { "content-type": "application/octet-stream" },
      body,
      kind: "blob",
      once: true,
      object: digest,
      signal: options.signal,
    };
    const response = await this.#requests.send(pushing);
    if (response.status !== 201 && response.status !== 204) {
      const error = await this.#requests.refusal(response, pushing);
      const lost = lostStatuses.has(response.status) || lostCodes.has(error.registryCode ?? "");
      throw lost ? this.#sessionLost(digest, response.status, error) : error;
    }
    discardBody(response);
    const said = response.headers.get("docker-content-digest");
    if (said !== undefined && said !== digest && said.startsWith(digest.slice(0, digest.indexOf(":") + 1))) {
      const { registry, repository } = this.#requests.name;
      throw new ImagesyncError({
        code: "digest-mismatch",
        operation: "push blob",
        message: `Cannot push blob ${registry}/${repository}@${digest}: ${registry} stored it as ${said}`,
        registry,
        side: "destination",
      });
    }
  }

  /** Gives an unused upload back. Best effort, with a deadline of its own: registries expire what is left. */
  async cancel(session: UploadSession): Promise<void> {
    try {
      const response = await this.#requests.send({
        operation: "cancel an upload",
        method: "DELETE",
        path: session.location,
        signal: AbortSignal.timeout(cancelDeadlineMs),
      });
      discardBody(response);
    } catch {
      // The copy does not depend on it, and the registry removes stale uploads by itself.
    }
  }

  /** Opens an upload. Where the repository is missing, and its vendor creates none at a push, it is created for it. */
  async #open(request: RepositoryRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const response = await this.#openExisting(request, signal);
    if (response.status !== 404 || !(await this.#requests.ensureRepository(signal))) return response;
    discardBody(response);
    return await this.#openExisting(request, signal);
  }

  /**
   * A request that may open an upload. When it is stopped on its way, the registry has opened the upload all the same,
   * and only the answer tells which one it is: so the answer is waited for a moment longer, and the upload given back.
   */
  async #openExisting(request: RepositoryRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    if (signal === undefined) return await this.#requests.send(request);
    signal.throwIfAborted();
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => late.abort(signal.reason), openingGraceMs);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const response = await this.#requests.send({ ...request, signal: late.signal });
      if (!signal.aborted) return response;
      if (response.status === 202) await this.cancel(this.#session(response));
      else discardBody(response);
      throw signal.reason;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Of an upload "not found" says nothing about an image, and a new upload is all that is needed. */
  #sessionLost(digest: Digest, status: number, cause: Error): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code: "unavailable",
      operation: "push blob",
      message: `Cannot push blob ${registry}/${repository}@${digest}: ${registry} has lost the upload (status ${status})`,
      registry,
      side: "destination",
      status,
      hint: `${registry} forgets uploads that have begun; when it runs several instances, check that they share their storage`,
      cause,
    });
  }

  /** The location is relative or absolute; it resolves against where the answer came from. */
  #session(response: HttpResponse): UploadSession {
    discardBody(response);
    const location = response.headers.get("location");
    if (location !== undefined && URL.canParse(location, response.url)) {
      const url = new URL(location, response.url);
      if (url.protocol === "https:" || url.protocol === "http:") return { location: url.href };
      throw this.#noSession("redirect-refused", `leads to the scheme "${url.protocol}"`, response.status);
    }
    throw this.#noSession("protocol", "sent no usable Location", response.status);
  }

  #noSession(code: "protocol" | "redirect-refused", what: string, status: number): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code,
      operation: "start an upload",
      message: `Cannot start an upload at ${registry}/${repository}: ${registry} ${what}`,
      registry,
      side: "destination",
      status,
    });
  }
}
