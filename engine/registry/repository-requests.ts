import { ImagesyncError, type Side } from "../errors.ts";
import type { Access, HttpRequest, HttpResponse } from "../http/message.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { believedAbsence } from "./absence.ts";
import { discardBody } from "./body.ts";
import { refusal } from "./errors.ts";
import type { Transport } from "./registry.ts";
import type { RepositoryVendor } from "./vendors/repository-vendor.ts";

/** What a caller will do with a repository: decides the scope of the token, one for all of its requests. */
export type Purpose = "read" | "write" | "delete";

const actions: Readonly<Record<Purpose, Access["actions"]>> = {
  read: ["pull"],
  write: ["pull", "push"],
  delete: ["pull", "push", "delete"],
};

export interface RepositoryOptions {
  readonly purpose: Purpose;
  /** Which end of a copy this is, for errors. */
  readonly side?: Side | undefined;
  /** Create the repository at the first push to it, where the registry itself does not. @default true */
  readonly createRepository?: boolean | undefined;
}

export interface RepositoryRequest {
  readonly operation: string;
  readonly method: HttpRequest["method"];
  /** Behind `/v2/<repository>/`, or absolute. */
  readonly path: string;
  readonly headers?: HttpRequest["headers"];
  readonly body?: HttpRequest["body"];
  readonly kind?: HttpRequest["kind"];
  readonly expectedBytes?: HttpRequest["expectedBytes"];
  readonly once?: HttpRequest["once"];
  /** More scopes than the repository's own, such as pull on the source of a mount. */
  readonly alsoPull?: string | undefined;
  /** How errors call the object of the operation: a reference or a digest. Without one it is done at the repository. */
  readonly object?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a registry answered a DELETE. */
export interface Deletion {
  readonly status: number;
  /** What it says when it did not delete. */
  readonly error?: ImagesyncError | undefined;
}

/** The requests of one repository: address, scope and errors in one place. */
export class RepositoryRequests {
  readonly name: RepositoryName;
  readonly #transport: Transport;
  readonly #purpose: Purpose;
  readonly #side: Side | undefined;
  readonly #vendor: RepositoryVendor;
  readonly #creates: boolean;

  constructor(transport: Transport, name: RepositoryName, options: RepositoryOptions, vendor: RepositoryVendor) {
    this.name = name;
    this.#vendor = vendor;
    this.#transport = transport;
    this.#purpose = options.purpose;
    this.#side = options.side;
    this.#creates = options.purpose === "write" && options.createRepository !== false;
  }

  /**
   * Makes sure that the repository is there after a push has missed it. False where that is not wanted or not possible:
   * then what the registry has answered stands.
   * @throws what {@link RepositoryVendor.ensureRepository} does.
   */
  async ensureRepository(signal?: AbortSignal): Promise<boolean> {
    return this.#creates && (await this.#vendor.ensureRepository({ signal })) !== "unavailable";
  }

  /** Sends, and returns whatever is answered. @throws when there is no answer, saying which end of a copy this is. */
  async send(request: RepositoryRequest): Promise<HttpResponse> {
    try {
      return await this.#send(request);
    } catch (error) {
      throw error instanceof ImagesyncError ? error.with({ side: this.#side }) : error;
    }
  }

  async #send(request: RepositoryRequest): Promise<HttpResponse> {
    const { repository, registry } = this.name;
    const { scopeDelete } = this.#vendor.traits;
    const needed = actions[this.#purpose];
    const own: Access = {
      repository,
      actions:
        this.#purpose === "delete" ? needed.map((action) => (action === "delete" ? scopeDelete : action)) : needed,
    };
    const { alsoPull } = request;
    const access =
      alsoPull === undefined || alsoPull === repository
        ? [own]
        : [own, { repository: alsoPull, actions: ["pull" as const] }];
    return await this.#transport.send({
      operation:
        request.object === undefined
          ? request.operation
          : `${request.operation} ${repository}${separator(request.object)}${request.object}`,
      registry,
      method: request.method,
      url: /^https?:/.test(request.path) ? request.path : `/v2/${repository}/${request.path}`,
      access,
      headers: request.headers,
      body: request.body,
      kind: request.kind ?? "control",
      expectedBytes: request.expectedBytes,
      once: request.once,
      // What a destination holds, and what may be deleted, only the registry itself can tell.
      mirrored: this.#purpose === "read" && this.#side === "source",
      signal: request.signal,
    });
  }

  /**
   * Sends, and fails for every status but the expected ones. @throws what {@link refusal} makes of the answer, which is
   * `not-found` only where a registry has said so.
   */
  async expect(request: RepositoryRequest, ...statuses: readonly number[]): Promise<HttpResponse> {
    const response = await this.send(request);
    if (statuses.includes(response.status)) return response;
    const error = await this.refusal(response, request);
    const place = { transport: this.#transport, registry: this.name.registry };
    throw await believedAbsence(error, response, place, request.signal);
  }

  /** Sends a DELETE. Its answer is not judged here: registries differ most in it. */
  async deletion(request: RepositoryRequest): Promise<Deletion> {
    const response = await this.send(request);
    if (response.status >= 300) return { status: response.status, error: await this.refusal(response, request) };
    discardBody(response);
    return { status: response.status };
  }

  refusal(response: HttpResponse, request: RepositoryRequest): Promise<ImagesyncError> {
    return refusal(response, {
      operation: request.operation,
      registry: this.name.registry,
      side: this.#side,
      reference: this.#reference(request.object),
      atReference: request.object === undefined,
    });
  }

  /** Says of an error that arose from an answer's content where that answer came from. */
  locate(error: unknown, object: string): unknown {
    if (!(error instanceof ImagesyncError)) return error;
    return error.with({ side: this.#side, registry: this.name.registry, reference: this.#reference(object) });
  }

  #reference(object: string | undefined): string {
    const name = `${this.name.registry}/${this.name.repository}`;
    return object === undefined ? name : `${name}${separator(object)}${object}`;
  }
}

function separator(object: string): string {
  return object.includes(":") ? "@" : ":";
}
