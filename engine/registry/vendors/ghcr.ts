import { ImagesyncError } from "../../errors.ts";
import { sleep } from "../../http/sleep.ts";
import { asObject } from "../../oci/descriptor.ts";
import { type Digest, isDigest } from "../../oci/digest.ts";
import { isTag } from "../../oci/reference.ts";
import type { ApiAnswer, ApiRequests } from "./api-requests.ts";
import { memoryOf } from "./memory.ts";
import type { ManifestDeletion, ManifestDeletionOptions, RepositoryDeletion, VendorApi } from "./vendor-api.ts";

export const githubAddress = "https://api.github.com";

const permission =
  "Deleting at ghcr.io needs a personal access token (classic) with the scopes read:packages and delete:packages, or a GITHUB_TOKEN with packages: write, of somebody who is an admin of the package";

const pageSize = 100;
const maxPages = 1000;

/** A manifest that was just pushed is not in the list at once. */
const lookups = 5;
const firstPauseMs = 200;

/** A manifest of a package, in GitHub's words. */
interface Version {
  readonly id: number;
  readonly digest: Digest;
  readonly tags: readonly string[];
}

/**
 * ghcr.io deletes nothing by the distribution protocol. GitHub's API for packages deletes whole manifests ("versions")
 * with all tags that are on them; there is no way to remove a tag alone.
 * @see https://docs.github.com/en/rest/packages/packages
 */
export function ghcrApi(requests: ApiRequests): VendorApi {
  return {
    deleteManifest: (digest, options) => new Package(requests, options).delete(digest),
    deleteRepository: (contents, options) => new Package(requests, options).deleteWhole(contents),
    checkStandIn: (tag, options) => new Package(requests, options).checkOtherTags(tag),
  };
}

/** One question to one package. */
class Package {
  readonly #requests: ApiRequests;
  readonly #options: ManifestDeletionOptions;

  constructor(requests: ApiRequests, options: ManifestDeletionOptions) {
    this.#requests = requests;
    this.#options = options;
  }

  async delete(digest: Digest): Promise<ManifestDeletion | undefined> {
    const { registry, repository } = this.#requests.name;
    const { onlyTag, signal } = this.#options;
    const account = await this.#requests.transport.account?.(registry, repository, signal);
    if (account === undefined || !repository.includes("/")) return undefined;
    const authorization = `Bearer ${account.password}`;
    const place = await this.#place(authorization);
    const version = await this.#find(digest, place, authorization);
    if (version === undefined) return { status: 404 };
    const others = version.tags.filter((tag) => tag !== onlyTag);
    if (others.length > 0) return { status: 409, error: this.#tagged(digest, others) };
    const answer = await this.#send("DELETE", `${place}/versions/${version.id}`, authorization);
    if (answer.status < 300 || answer.status === 404) {
      this.#known(place).delete(digest);
      return { status: answer.status };
    }
    const error = this.#failure(answer, `@${digest}`);
    if (answer.status !== 400 && answer.status !== 422) throw error;
    return { status: answer.status, error: error.with({ hint: lastVersionHint }) };
  }

  /** Everything is looked at before anything is deleted: a package goes with all that is in it. */
  async deleteWhole(contents: ReadonlySet<Digest>): Promise<RepositoryDeletion> {
    const { registry, repository } = this.#requests.name;
    const { onlyTag, signal } = this.#options;
    const account = await this.#requests.transport.account?.(registry, repository, signal);
    if (account === undefined) return "unavailable";
    const authorization = `Bearer ${account.password}`;
    const place = await this.#place(authorization);
    for await (const { digest, tags } of this.#versions(place, authorization)) {
      if (!contents.has(digest) || tags.some((tag) => tag !== onlyTag)) return "others";
    }
    const answer = await this.#send("DELETE", place, authorization);
    if (answer.status >= 300 && answer.status !== 404) throw this.#failure(answer, "");
    this.#known(place).clear();
    return answer.status === 404 ? "absent" : "deleted";
  }

  /** GitHub does not delete the last version with a tag, which a stand-in would become. */
  async checkOtherTags(tag: string): Promise<void> {
    const { registry, repository } = this.#requests.name;
    const account = await this.#requests.transport.account?.(registry, repository, this.#options.signal);
    if (account === undefined) return;
    const authorization = `Bearer ${account.password}`;
    for await (const { tags } of this.#versions(await this.#place(authorization), authorization)) {
      if (tags.some((other) => other !== tag)) return;
    }
    throw new ImagesyncError({
      code: "unsupported",
      operation: "delete tag",
      side: "destination",
      registry,
      message: `Cannot delete tag ${registry}/${repository}:${tag}: it is the last tag of the package, which GitHub keeps`,
      hint: "Delete the package itself at GitHub, or push another tag first",
    });
  }

  /** The version of a digest as it is now: its number never changes, its tags do at any time. */
  async #find(digest: Digest, place: string, authorization: string): Promise<Version | undefined> {
    const { onlyTag, signal = new AbortController().signal } = this.#options;
    for (let lookup = 1; ; lookup += 1) {
      const id = this.#known(place).get(digest) ?? (await this.#search(digest, place, authorization));
      if (id !== undefined) return await this.#get(id, digest, place, authorization);
      // With a tag on it the registry has it for certain.
      if (onlyTag === undefined || lookup === lookups) return undefined;
      await sleep(firstPauseMs * 2 ** (lookup - 1), signal);
    }
  }

  async #get(id: number, digest: Digest, place: string, authorization: string): Promise<Version | undefined> {
    const answer = await this.#send("GET", `${place}/versions/${id}`, authorization);
    if (answer.status === 404) {
      this.#known(place).delete(digest);
      return undefined;
    }
    if (answer.status !== 200) throw this.#failure(answer, `@${digest}`);
    const version = parseVersion(answer.json);
    if (version?.id !== id || version.digest !== digest) throw this.#unreadable();
    return version;
  }

  async #search(digest: Digest, place: string, authorization: string): Promise<number | undefined> {
    for await (const version of this.#versions(place, authorization)) if (version.digest === digest) return version.id;
    return undefined;
  }

  /** Page by page, the youngest first; the numbers of all that is seen on the way are remembered. */
  async *#versions(place: string, authorization: string): AsyncGenerator<Version> {
    const known = this.#known(place);
    const seen = new Set<Digest>();
    for (let page = 1; page <= maxPages; page += 1) {
      const answer = await this.#send("GET", versionsOf(place, page), authorization);
      if (answer.status !== 200) throw this.#failure(answer, "");
      this.#checkScopes(answer);
      if (!Array.isArray(answer.json)) throw this.#unreadable();
      const before = seen.size;
      const versions = answer.json.map((item) => parseVersion(item));
      if (!versions.every((version) => version !== undefined)) throw this.#unreadable();
      for (const { digest, id } of versions) {
        known.set(digest, id);
        seen.add(digest);
      }
      yield* versions;
      if (versions.length < pageSize) return;
      if (seen.size === before) break;
    }
    throw this.#unreadable("its pages do not end");
  }

  /** Organisations and users have their packages at different addresses, and only the right one knows them. */
  async #place(authorization: string): Promise<string> {
    const { repository } = this.#requests.name;
    const owner = repository.slice(0, repository.indexOf("/"));
    const name = encodeURIComponent(repository.slice(owner.length + 1));
    const { owners } = memoryOf(this.#requests.transport);
    const key = JSON.stringify([this.#requests.place, owner]);
    const known = owners.get(key);
    if (known !== undefined) return `${known}/packages/container/${name}`;
    for (const root of [`/orgs/${owner}`, `/users/${owner}`]) {
      const place = `${root}/packages/container/${name}`;
      const answer = await this.#send("GET", place, authorization);
      if (answer.status === 200) {
        owners.set(key, root);
        return place;
      }
      if (answer.status !== 404) throw this.#failure(answer, "");
    }
    throw this.#hidden();
  }

  /** Classic tokens tell what they may do: better to know before anything is overwritten than after it. */
  #checkScopes({ headers }: ApiAnswer): void {
    const scopes = headers
      .get("x-oauth-scopes")
      ?.split(",")
      .map((scope) => scope.trim());
    if (scopes === undefined || scopes.join("") === "" || scopes.includes("delete:packages")) return;
    throw this.#denied("the token may not delete packages");
  }

  #known(place: string): Map<Digest, number> {
    const { versions } = memoryOf(this.#requests.transport);
    const key = JSON.stringify([this.#requests.place, place]);
    const known = versions.get(key) ?? new Map<Digest, number>();
    versions.set(key, known);
    return known;
  }

  #send(method: "GET" | "DELETE", path: string, authorization: string): Promise<ApiAnswer> {
    return this.#requests.send({
      operation: `delete manifest of ${this.#requests.name.repository}`,
      method,
      path,
      authorization,
      headers: { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
      signal: this.#options.signal,
    });
  }

  #failure(answer: ApiAnswer, object: string): ImagesyncError {
    return this.#requests.failure(answer, { operation: "delete manifest", object, permission });
  }

  #hidden(): ImagesyncError {
    return this.#denied("the API of GitHub shows no such package to this token");
  }

  #denied(why: string): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code: "denied",
      operation: "delete manifest",
      side: "destination",
      registry,
      message: `Cannot delete from ${registry}/${repository}: ${why}`,
      hint: permission,
    });
  }

  #tagged(digest: Digest, tags: readonly string[]): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code: "conflict",
      operation: "delete manifest",
      side: "destination",
      registry,
      message: `Cannot delete manifest ${registry}/${repository}@${digest}: the tag ${tags[0]} is on it, which would go with it`,
    });
  }

  #unreadable(why = "it did not answer with versions of a package"): ImagesyncError {
    const { registry, repository } = this.#requests.name;
    return new ImagesyncError({
      code: "protocol",
      operation: "delete manifest",
      registry,
      message: `Cannot list what GitHub has of ${registry}/${repository}: ${why}`,
      hint: "Check the address of the API",
    });
  }
}

function versionsOf(place: string, page: number): string {
  return `${place}/versions?per_page=${pageSize}&page=${page}`;
}

const lastVersionHint =
  "GitHub keeps the last tagged version of a package, and public ones with more than 5000 downloads; delete the package itself there";

function parseVersion(value: unknown): Version | undefined {
  const fields = asObject(value);
  const id = fields?.["id"];
  const name = fields?.["name"];
  const tags = asObject(asObject(fields?.["metadata"])?.["container"])?.["tags"];
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0) return undefined;
  if (typeof name !== "string" || !isDigest(name) || !Array.isArray(tags)) return undefined;
  return tags.every((tag) => typeof tag === "string" && isTag(tag)) ? { id, digest: name, tags } : undefined;
}
