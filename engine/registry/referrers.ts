import { ImagesyncError } from "../errors.ts";
import type { HttpResponse } from "../http/message.ts";
import { asObject, type Descriptor, parseDescriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { baseMediaType, mediaTypes } from "../oci/media-types.ts";
import { discardBody, readBody } from "./body.ts";
import { nextPage } from "./link.ts";
import type { RepositoryRequest, RepositoryRequests } from "./repository-requests.ts";

const maxPageBytes = 32 * 1024 * 1024;
const maxPages = 10_000;
/** All pages together, of what refers to one manifest. */
const maxListBytes = 64 * 1024 * 1024;

/** Answers of registries without the API, seen in the wild besides the 404 of the specification. */
const withoutApi: ReadonlySet<number> = new Set([404, 405, 406, 410, 501]);

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers */
export class Referrers {
  readonly #requests: RepositoryRequests;

  constructor(requests: RepositoryRequests) {
    this.#requests = requests;
  }

  /**
   * What refers to a manifest as its subject; undefined where the registry has no such API, and referrers are listed
   * in the fallback tag only. A registry that refuses to tell is an error and not "none".
   * @throws `limit`, `protocol` for a list that cannot be read, and what the refusal says.
   */
  async list(
    subject: Digest,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Descriptor[] | undefined> {
    const found = new Map<Digest, Descriptor>();
    const seen = new Set<string>();
    let bytes = 0;
    let path: string | undefined = `referrers/${subject}`;
    while (path !== undefined) {
      if (seen.has(path) || seen.size >= maxPages) throw this.#failure("limit", subject, "its pages do not end");
      seen.add(path);
      const response = await this.#page(path, subject, options.signal);
      if (response === undefined) return undefined;
      if (response === "unknown") return [];
      if (response.status === 400) {
        // Quay says so for a subject that it does not have.
        discardBody(response);
        return [];
      }
      const body = await readBody(response, maxPageBytes);
      bytes += body.byteLength;
      if (bytes > maxListBytes) {
        throw this.#failure("limit", subject, `its pages have more than ${maxListBytes} bytes`);
      }
      for (const descriptor of this.#parse(body, subject)) {
        found.set(descriptor.digest, descriptor);
      }
      const next = nextPage(response.headers.get("link"));
      if (next !== undefined && !URL.canParse(next, response.url)) {
        throw this.#failure("protocol", subject, "the address of its next page is none");
      }
      path = next === undefined ? undefined : new URL(next, response.url).href;
    }
    return [...found.values()];
  }

  /** One page; `unknown` for a subject that is not there; undefined when the answer is not the API's: a web page, a redirect to one, an unknown path. */
  async #page(
    path: string,
    subject: Digest,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse | "unknown" | undefined> {
    const request: RepositoryRequest = {
      operation: "list what refers to",
      method: "GET",
      path,
      headers: { accept: mediaTypes.ociIndex },
      object: subject,
      signal,
    };
    let response: HttpResponse;
    try {
      response = await this.#requests.send(request);
    } catch (error) {
      if (error instanceof ImagesyncError && error.code === "redirect-refused") return undefined;
      throw error;
    }
    const isList = baseMediaType(response.headers.get("content-type")) === mediaTypes.ociIndex;
    if (withoutApi.has(response.status) || (response.status === 200 && !isList)) {
      const { registryCode } = await this.#requests.refusal(response, request);
      // That is about the subject: of the API it says nothing.
      if (response.status === 404 && registryCode === "MANIFEST_UNKNOWN") return "unknown";
      return undefined;
    }
    if (response.status === 200 || response.status === 400) return response;
    throw await this.#requests.refusal(response, request);
  }

  #parse(body: Uint8Array, subject: Digest): Descriptor[] {
    let list: unknown;
    try {
      list = asObject(JSON.parse(new TextDecoder().decode(body)))?.["manifests"];
    } catch {
      list = undefined;
    }
    if (list === null) return [];
    if (!Array.isArray(list)) throw this.#failure("protocol", subject, "the registry did not answer with an index");
    return list.map((item, position) => parseDescriptor(item, `manifests[${position}]`));
  }

  #failure(code: "limit" | "protocol", subject: Digest, why: string): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code,
      operation: "list referrers",
      message: `Cannot list what refers to ${registry}/${repository}@${subject}: ${why}`,
      registry,
    });
  }
}
