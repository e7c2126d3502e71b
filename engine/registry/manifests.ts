import { setTimeout as pause } from "node:timers/promises";
import { isNotFound } from "../errors.ts";
import type { HttpResponse } from "../http/message.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { type Manifest, maxManifestBytes, parseManifest } from "../oci/manifest.ts";
import { baseMediaType, manifestAccept } from "../oci/media-types.ts";
import { discardBody, readBody } from "./body.ts";
import { ImagesyncError } from "../errors.ts";
import type { Deletion, RepositoryRequest, RepositoryRequests } from "./repository-requests.ts";
import type { RepositoryVendor } from "./vendors/repository-vendor.ts";

/** What a registry says of a manifest without sending it. */
export interface ManifestHead {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest itself; absent when the registry does not say. */
  readonly size?: number | undefined;
}

/** How a registry has taken a manifest. */
export interface Stored {
  /** It keeps the list of the manifest's referrers itself. */
  readonly listsSubject: boolean;
}

/** How long is waited for somebody who writes a file of some dozen bytes, in milliseconds. */
const unreadablePausesMs: readonly number[] = [20, 100, 500];

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests */
export class Manifests {
  readonly #requests: RepositoryRequests;
  readonly #vendor: RepositoryVendor;

  constructor(requests: RepositoryRequests, vendor: RepositoryVendor) {
    this.#requests = requests;
    this.#vendor = vendor;
  }

  /**
   * What a tag or digest points at, by HEAD: registries with a pull quota do not count it. A registry that answers
   * HEAD without the digest, or not at all, is asked by GET and the digest is computed. "Not found" is believed to GET
   * only: Nexus says so to HEAD for what it has, and the reason is in the body.
   * @throws `not-found`, and what {@link refusal} makes of other answers.
   */
  async head(key: string, options: Options = {}): Promise<ManifestHead> {
    const answer = await this.#head(key, options);
    if (typeof answer === "object") return answer;
    const manifest = await this.get(key, options);
    return { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.bytes.byteLength };
  }

  /**
   * Whether it is there and need not be brought. Absent is an answer, not an error, and what HEAD says is enough: who
   * then brings it although it is there has lost time only. Only a 404-class answer is "absent".
   */
  async find(key: string, options: Options = {}): Promise<ManifestHead | undefined> {
    const answer = await this.#head(key, options);
    if (answer === 404) return undefined;
    if (typeof answer === "object") return answer;
    try {
      const manifest = await this.get(key, options);
      return { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.bytes.byteLength };
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** The status instead, when HEAD does not tell: no digest, refused, or an error whose reason only GET can carry. */
  async #head(key: string, options: Options): Promise<ManifestHead | number> {
    // Nothing to let go of: a control answer is read whole, and this one has no body.
    const response = await this.#requests.send(this.#request("HEAD", key, "resolve", options));
    const digest = response.headers.get("docker-content-digest") ?? (isDigest(key) ? key : undefined);
    if (response.status !== 200 || digest === undefined || !isDigest(digest) || (isDigest(key) && digest !== key)) {
      return response.status;
    }
    const size = Number(response.headers.get("content-length") ?? Number.NaN);
    return {
      digest,
      mediaType: baseMediaType(response.headers.get("content-type")),
      ...(Number.isSafeInteger(size) && size > 0 ? { size } : {}),
    };
  }

  /** The manifest itself, verified against the digest when that is the key. @throws `limit` over 8 MiB. */
  async get(key: string, options: Options = {}): Promise<Manifest> {
    const request = this.#request("GET", key, "pull manifest", options);
    const response = await this.#requests.expect(request, 200);
    try {
      const bytes = await readBody(response, maxManifestBytes);
      const manifest = parseManifest(bytes, response.headers.get("content-type"), isDigest(key) ? key : undefined);
      this.#checkHeader(response, manifest, key);
      return manifest;
    } catch (error) {
      throw this.#requests.locate(error, key);
    }
  }

  /**
   * Pushes the bytes as they are, by tag or by digest. With `once` it is sent a single time: who overwrites a tag only
   * as long as it holds what he expects looks again before he repeats it.
   * @returns whether the registry lists it under its subject by itself; whoever pushes a referrer to one that does not
   * lists it in the fallback tag.
   * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
   * @throws `manifest-invalid` with the registry code MANIFEST_BLOB_UNKNOWN when the destination misses content.
   */
  async put(manifest: Manifest, key: string, options: Options & { readonly once?: boolean } = {}): Promise<Stored> {
    const request: RepositoryRequest = {
      ...this.#request("PUT", key, "push manifest", options),
      headers: { "content-type": manifest.mediaType },
      body: { bytes: manifest.bytes.byteLength, open: () => manifest.bytes, repeatable: options.once !== true },
    };
    const response = await this.#push(request, options);
    discardBody(response);
    const said = response.headers.get("docker-content-digest");
    if (said !== undefined && isDigest(said) && sameAlgorithm(said, manifest.digest) && said !== manifest.digest) {
      throw mismatch(`Cannot push manifest ${manifest.digest}: the registry stored it as ${said}`);
    }
    return { listsSubject: response.headers.get("oci-subject") !== undefined };
  }

  /**
   * Distribution 2.8 looks whether the content of a manifest is there while somebody else may be linking the same blob,
   * reads the file that he has just emptied, and calls that a wrong digest. What has no wrong digest is sent again.
   */
  async #push(
    request: RepositoryRequest,
    { signal, once }: Options & { readonly once?: boolean },
  ): Promise<HttpResponse> {
    for (const pauseMs of once === true ? [] : unreadablePausesMs) {
      try {
        return await this.#requests.expect(request, 201, 200, 202);
      } catch (error) {
        if (!(error instanceof ImagesyncError) || error.registryCode !== "DIGEST_INVALID") throw error;
        await pause(pauseMs, undefined, { signal });
      }
    }
    return await this.#requests.expect(request, 201, 200, 202);
  }

  /**
   * Deletes a manifest by digest, or a tag. The status is the caller's to judge: registries differ most here. `onlyTag`
   * is the one tag that may go with the manifest; registries that tell which are on it refuse with 409 for any other.
   */
  async delete(key: string, options: Options & { readonly onlyTag?: string | undefined } = {}): Promise<Deletion> {
    const byVendor = isDigest(key) ? await this.#vendor.deleteManifest(key, options) : undefined;
    if (byVendor !== undefined) return byVendor;
    const operation = isDigest(key) ? "delete manifest" : "delete tag";
    return await this.#requests.deletion(this.#request("DELETE", key, operation, options));
  }

  #request(method: RepositoryRequest["method"], key: string, operation: string, options: Options): RepositoryRequest {
    return {
      operation,
      method,
      path: `manifests/${key}`,
      headers: { accept: manifestAccept },
      object: key,
      signal: options.signal,
    };
  }

  /** The computed digest is the truth; a header that contradicts it under the same algorithm is a damaged answer. */
  #checkHeader(response: HttpResponse, manifest: Manifest, key: string): void {
    const said = response.headers.get("docker-content-digest");
    if (said === undefined || isDigest(key) || !isDigest(said) || !sameAlgorithm(said, manifest.digest)) return;
    if (said !== manifest.digest) {
      throw mismatch(`Cannot pull manifest ${key}: the registry says ${said}, but the bytes have ${manifest.digest}`);
    }
  }
}

function sameAlgorithm(a: string, b: string): boolean {
  return a.slice(0, a.indexOf(":")) === b.slice(0, b.indexOf(":"));
}

function mismatch(message: string): ImagesyncError {
  return new ImagesyncError({
    code: "digest-mismatch",
    operation: "check a manifest",
    message,
    hint: "The registry or a proxy before it alters content",
  });
}
