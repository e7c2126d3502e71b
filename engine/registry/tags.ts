import { ImagesyncError } from "../errors.ts";
import { asObject } from "../oci/descriptor.ts";
import { isDigest, show } from "../oci/digest.ts";
import { isTag } from "../oci/reference.ts";
import { readBody } from "./body.ts";
import { type Inventory, InventoryDoubt, InventoryReader } from "./inventory.ts";
import { nextPage } from "./link.ts";
import type { RepositoryRequests } from "./repository-requests.ts";

/** ECR refuses more than 1000. */
const pageSize = 1000;
const maxPageBytes = 32 * 1024 * 1024;
const maxPages = 10_000;
/** All pages together: a million tags have some dozen million bytes. */
const maxListBytes = 256 * 1024 * 1024;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags */
export class Tags {
  readonly #requests: RepositoryRequests;

  constructor(requests: RepositoryRequests) {
    this.#requests = requests;
  }

  /**
   * Every tag, each once, in the registry's order. What is no tag (JSON null, digests: Nexus and Artifactory list
   * them) is left out, or with `complete` refused: who deletes what no tag holds must know every one. @throws
   * `not-found` for a repository that does not exist, `protocol`, `limit` after so many pages.
   */
  async list(options: Options & { readonly complete?: boolean; readonly maxPages?: number } = {}): Promise<string[]> {
    const tags = new Set<string>();
    for await (const page of this.#pages(options.signal, options.maxPages)) {
      const list = page["tags"];
      if (list !== null && !Array.isArray(list)) throw this.#invalid("did not answer with a list of tags");
      for (const tag of (list ?? []) as readonly unknown[]) {
        if (typeof tag === "string" && isTag(tag)) tags.add(tag);
        else if (options.complete === true && !isNoName(tag))
          throw this.#invalid(`lists ${show(tag)}, which is no tag`);
      }
    }
    return [...tags];
  }

  /**
   * Every manifest of the repository with its tags, where the registry tells (Google's do); undefined where it does
   * not. Costs as much as {@link list}.
   * @throws as `list`; `protocol` for an inventory that is malformed or contradicts itself: it may be used to delete.
   */
  async inventory(options: Options = {}): Promise<Inventory | undefined> {
    const reader = new InventoryReader();
    let found: boolean | undefined;
    try {
      for await (const page of this.#pages(options.signal)) {
        const told = reader.add(page);
        if (!told && found !== true) return undefined;
        if (!told) throw new InventoryDoubt("a page of it is missing");
        found = true;
      }
      return reader.finish();
    } catch (error) {
      if (!(error instanceof InventoryDoubt)) throw error;
      throw this.#invalid(`did not answer with a whole inventory: ${error.message}`);
    }
  }

  async *#pages(
    signal: AbortSignal | undefined,
    most: number = maxPages,
  ): AsyncGenerator<Readonly<Record<string, unknown>>> {
    const seen = new Set<string>();
    let bytes = 0;
    let path: string | undefined = `tags/list?n=${pageSize}`;
    while (path !== undefined) {
      if (seen.has(path) || seen.size >= most) throw this.#tooLong("the pages do not end");
      seen.add(path);
      const response = await this.#requests.expect({ operation: "list tags", method: "GET", path, signal }, 200);
      const body = await readBody(response, maxPageBytes);
      bytes += body.byteLength;
      if (bytes > maxListBytes) throw this.#tooLong(`the pages have more than ${maxListBytes} bytes`);
      yield this.#parse(body);
      const next = nextPage(response.headers.get("link"));
      if (next !== undefined && !URL.canParse(next, response.url))
        throw this.#invalid("names no address of its next page");
      path = next === undefined ? undefined : new URL(next, response.url).href;
    }
  }

  #parse(body: Uint8Array): Readonly<Record<string, unknown>> {
    let fields: ReturnType<typeof asObject>;
    try {
      fields = asObject(JSON.parse(new TextDecoder().decode(body)));
    } catch {
      fields = undefined;
    }
    if (fields !== undefined) return fields;
    throw this.#invalid("did not answer with a list of tags");
  }

  #invalid(what: string): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code: "protocol",
      operation: "list tags",
      message: `Cannot list tags at ${registry}/${repository}: ${registry} ${what}`,
      registry,
      hint: "Check that the address is a registry's and no proxy answers in its place",
    });
  }

  #tooLong(why: string): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code: "limit",
      operation: "list tags",
      message: `Cannot list tags at ${registry}/${repository}: ${why}`,
      registry,
    });
  }
}

/** What some list beside the tags, and what names none. */
function isNoName(item: unknown): boolean {
  return item === null || (typeof item === "string" && isDigest(item));
}
