import type { Readable } from "node:stream";
import { ImagesyncError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { discardBody } from "./body.ts";
import type { Deletion, RepositoryRequests } from "./repository-requests.ts";

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** Answers to a HEAD that say nothing of the blob. */
const headRefused: readonly number[] = [405, 501];

/** @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs */
export class Blobs {
  readonly #requests: RepositoryRequests;

  constructor(requests: RepositoryRequests) {
    this.#requests = requests;
  }

  /** Whether the repository has the blob; only a 404 is "no", a refusal is an error. */
  async has(digest: Digest, options: Options = {}): Promise<boolean> {
    const request = {
      operation: "look for blob",
      method: "HEAD",
      path: `blobs/${digest}`,
      object: digest,
      signal: options.signal,
    } as const;
    const response = await this.#requests.expect(request, 200, 404, ...headRefused);
    discardBody(response);
    return headRefused.includes(response.status) ? await this.#hasFirstByte(digest, options) : response.status === 200;
  }

  /** For registries that know no HEAD: a whole blob must not be fetched to learn that it is there. */
  async #hasFirstByte(digest: Digest, options: Options): Promise<boolean> {
    const request = {
      operation: "look for blob",
      method: "GET",
      path: `blobs/${digest}`,
      headers: { range: "bytes=0-0" },
      object: digest,
      kind: "blob",
      signal: options.signal,
    } as const;
    // 416 is what an empty blob answers.
    const response = await this.#requests.expect(request, 200, 206, 404, 416);
    response.body.on("error", () => {
      // It is given up on purpose: one that ignores the range sends everything.
    });
    response.body.destroy();
    return response.status !== 404;
  }

  /**
   * The bytes as a stream, not yet verified: whoever reads it checks size and digest. A stream that is interrupted goes
   * on where it was, as the digest promises that the bytes are still the same. Content encoding was refused, so the
   * length is the blob's.
   * @throws `not-found`; `size-mismatch` when the announced length is not the descriptor's.
   */
  async open(blob: Descriptor, options: Options = {}): Promise<Readable> {
    const response = await this.#requests.expect(
      {
        operation: "pull blob",
        method: "GET",
        path: `blobs/${blob.digest}`,
        object: blob.digest,
        kind: "blob",
        expectedBytes: blob.size,
        signal: options.signal,
      },
      200,
    );
    const length = response.headers.get("content-length");
    if (length !== undefined && Number(length) !== blob.size) {
      response.body.on("error", () => {
        // The size already condemned this body.
      });
      response.body.destroy();
      const { registry, repository } = this.#requests.name;
      throw new ImagesyncError({
        code: "size-mismatch",
        operation: "pull blob",
        message: `Cannot pull blob ${registry}/${repository}@${blob.digest}: ${registry} announces ${length} bytes, the manifest says ${blob.size}`,
        registry,
        side: "source",
      });
    }
    return response.body;
  }

  /** Deletes a blob. The status is the caller's to judge: few registries do it. */
  async delete(digest: Digest, options: Options = {}): Promise<Deletion> {
    const request = {
      operation: "delete blob",
      method: "DELETE",
      path: `blobs/${digest}`,
      object: digest,
      signal: options.signal,
    } as const;
    return await this.#requests.deletion(request);
  }
}
