import { ImagesyncError } from "../errors.ts";
import { asObject } from "../oci/descriptor.ts";
import { isTag } from "../oci/reference.ts";
import { readBody } from "./body.ts";
import { nextPage } from "./link.ts";
import type { RepositoryRequests } from "./repository-requests.ts";

/** ECR refuses more than 1000. */
const pageSize = 1000;
const maxPageBytes = 32 * 1024 * 1024;
const maxPages = 10_000;

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags */
export class Tags {
  readonly #requests: RepositoryRequests;

  constructor(requests: RepositoryRequests) {
    this.#requests = requests;
  }

  /**
   * Every tag, each once, in the registry's order. What is no tag (JSON null, digests: Nexus and Artifactory list
   * them) is left out. @throws `not-found` for a repository that does not exist, `limit`, `protocol`.
   */
  async list(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<string[]> {
    const tags = new Set<string>();
    const seen = new Set<string>();
    let path: string | undefined = `tags/list?n=${pageSize}`;
    while (path !== undefined) {
      if (seen.has(path) || seen.size >= maxPages) throw this.#endless();
      seen.add(path);
      const response = await this.#requests.expect(
        { operation: "list tags", method: "GET", path, signal: options.signal },
        200,
      );
      const body = await readBody(response, maxPageBytes);
      for (const tag of this.#parse(body)) if (typeof tag === "string" && isTag(tag)) tags.add(tag);
      const next = nextPage(response.headers.get("link"));
      if (next !== undefined && !URL.canParse(next, response.url))
        throw this.#invalid("names no address of its next page");
      path = next === undefined ? undefined : new URL(next, response.url).href;
    }
    return [...tags];
  }

  #parse(body: Uint8Array): readonly unknown[] {
    let fields: ReturnType<typeof asObject>;
    try {
      fields = asObject(JSON.parse(new TextDecoder().decode(body)));
    } catch {
      fields = undefined;
    }
    const list = fields?.["tags"];
    if (list === null) return [];
    if (Array.isArray(list)) return list;
    throw this.#invalid("did not answer with a list of tags");
  }

  #invalid(what: string): ImagesyncError {
    const { registry } = this.#requests.name;
    return new ImagesyncError({
      code: "protocol",
      operation: "list tags",
      message: `Cannot list tags: ${registry} ${what}`,
      registry,
      hint: "Check that the address is a registry's and no proxy answers in its place",
    });
  }

  #endless(): ImagesyncError {
    return new ImagesyncError({
      code: "limit",
      operation: "list tags",
      message: `Cannot list tags: the pages of ${this.#requests.name.registry} do not end`,
      registry: this.#requests.name.registry,
    });
  }
}
