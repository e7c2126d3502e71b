import { randomBytes } from "node:crypto";
import { type ImagesyncError, isNotFound } from "../errors.ts";
import { asObject } from "../oci/descriptor.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { manifestAccept } from "../oci/media-types.ts";
import { isTag, type RepositoryName } from "../oci/reference.ts";
import { discardBody, readBody } from "../registry/body.ts";
import type { Transport } from "../registry/registry.ts";
import { openRepository, type Repository } from "../registry/repository.ts";
import {
  type Deletion,
  type Purpose,
  type RepositoryOptions,
  RepositoryRequests,
} from "../registry/repository-requests.ts";
import type { UploadSession } from "../registry/uploads.ts";
import { RepositoryVendor } from "../registry/vendors/repository-vendor.ts";
import { failed, type Finding, ok, unknown, warning } from "./report.ts";

/** A page of all tags of registries that have no pages. */
const maxPageBytes = 32 * 1024 * 1024;

/** Giving an upload back must work when the time for opening it is over. */
const cancelDeadlineMs = 2000;

/**
 * Tries out what may be done in a repository, without leaving anything: uploads are given back, and what is deleted or
 * mounted has a name of our own making that nothing can have.
 */
export class RepositoryProbe {
  readonly #transport: Transport;
  readonly #name: RepositoryName;
  readonly #vendor: RepositoryVendor;
  /** Of bytes that nobody else has ever had. */
  readonly #nothing: Digest = digestOf(randomBytes(32));
  /** The registry has said that it deletes no manifest. */
  #keepsAll = false;

  constructor(transport: Transport, name: RepositoryName) {
    this.#transport = transport;
    this.#name = name;
    this.#vendor = new RepositoryVendor(transport, name);
  }

  /**
   * Whether tags are listed to this login. To `onTag` goes one of them, or undefined when it has none; nothing when the
   * repository is not there: then it must not be asked for more, as there are registries, such as Quay and GitLab, where
   * already a token for a push makes it.
   */
  async pull(onTag: (tag: string | undefined) => unknown, signal: AbortSignal): Promise<Finding> {
    const listing = { operation: "list tags", method: "GET", path: "tags/list?n=1", signal } as const;
    const requests = this.#requests("read");
    const response = await requests.send(listing);
    if (response.status !== 200) {
      const error = await requests.refusal(response, listing);
      if (!isNotFound(error)) throw error;
      return unknown(
        "there is no such repository yet, or it is hidden from this login",
        "Most registries make it with the first push, and imagesync at Amazon; a project of Google or Harbor must be there",
      );
    }
    const list = tagsOf(await readBody(response, maxPageBytes));
    if (list === undefined) {
      return failed("the answer is no list of tags", "Check that no proxy or login page answers in its place");
    }
    const tag = list.find((each): each is string => typeof each === "string" && isTag(each));
    onTag(tag);
    return ok(tag === undefined ? "allowed; it has no tags" : "allowed");
  }

  /** Whether an upload can be opened; it is cancelled. */
  async push(signal: AbortSignal): Promise<Finding> {
    const session = await this.#open("write").uploads.start({ signal });
    return (await this.#cancel(session)) ? ok("allowed: an upload was opened and cancelled") : left("push");
  }

  /** What is said to a mount; the upload that is opened in place of it is cancelled. */
  async mount(signal: AbortSignal): Promise<Finding> {
    const answer = await this.#open("write").uploads.mount(this.#nothing, this.#name.repository, { signal });
    if (answer === "mounted") return ok("taken");
    const cancelled = await this.#cancel(answer);
    if (answer.mountRefused !== undefined) {
      return warning(
        `refused with status ${answer.mountRefused}`,
        "Copies work: what another repository of this registry has is sent again",
      );
    }
    return cancelled ? ok("asked for without a refusal") : left("mount");
  }

  /** Whether this login may delete a manifest, by deleting one that cannot be there. */
  async delete(signal: AbortSignal): Promise<Finding> {
    const { status, error } = await this.#deletion("delete manifest", this.#nothing, signal);
    if (error === undefined || status === 404 || isNotFound(error)) return ok("allowed, by digest");
    if (this.#vendor.traits.deletesByDigest === false) {
      return unknown(`not by this protocol (status ${status}); imagesync uses the API of the vendor`);
    }
    if (error.code !== "unsupported") return this.#refused(error);
    this.#keepsAll = true;
    return failed(
      `the registry does not delete manifests (status ${status})`,
      "Deletes are switched off, or not for this login; docker-registry needs REGISTRY_STORAGE_DELETE_ENABLED=true",
    );
  }

  /** Whether one tag can be taken away by itself, by deleting one that cannot be there. */
  async deleteTag(signal: AbortSignal): Promise<Finding> {
    const { family } = this.#vendor;
    if (family !== undefined && ownApi.has(family)) return unknown(`by the API of ${family}, which is not tried`);
    const tag = `imagesync-doctor-${this.#nothing.slice(-32)}`;
    const { status, error } = await this.#deletion("delete tag", tag, signal);
    if (error === undefined || status === 404 || isNotFound(error)) return ok("allowed, one by one");
    if (this.#keepsAll) return unknown("not by itself, and no manifest is deleted here");
    if (status === 400 || status === 405 || status === 501) {
      return unknown(`not by itself (status ${status}): imagesync moves it to a stand-in and deletes that`);
    }
    return this.#refused(error);
  }

  /** Whether signatures are found by the API, or by tags. */
  async referrers(signal: AbortSignal): Promise<Finding> {
    const list = await this.#open("read").referrers.list(this.#nothing, { signal });
    return ok(list === undefined ? "no API: they are found by their fallback tags" : "listed by the API");
  }

  /** Asks for a manifest by HEAD, which no registry counts as a pull, so that it tells of its limit. */
  async touch(tag: string, signal: AbortSignal): Promise<void> {
    const response = await this.#requests("read").send({
      operation: "get manifest",
      method: "HEAD",
      path: `manifests/${tag}`,
      headers: { accept: manifestAccept },
      signal,
    });
    discardBody(response);
  }

  /** Without the name that nothing has. */
  #refused(error: ImagesyncError): Finding {
    const { message, code } = error;
    const { registry } = this.#name;
    const permission = code === "denied" || code === "unauthorized";
    return failed(
      message.replace(/@sha256:[0-9a-f]+|:imagesync-doctor-[0-9a-f]+/, ""),
      permission
        ? `Give the account the right to delete there, or use another login for ${registry}`
        : (error.hint ?? "Ask who runs the registry"),
    );
  }

  #deletion(operation: string, key: string, signal: AbortSignal): Promise<Deletion> {
    const path = `manifests/${key}`;
    return this.#requests("delete").deletion({ operation, method: "DELETE", path, object: key, signal });
  }

  async #cancel({ location }: UploadSession): Promise<boolean> {
    const signal = AbortSignal.timeout(cancelDeadlineMs);
    const cancelling = { operation: "cancel an upload", method: "DELETE", path: location, signal } as const;
    try {
      const { status } = await this.#requests("write").deletion(cancelling);
      // Some have dropped it by themselves.
      return status < 300 || status === 404;
    } catch {
      // What is said of it is that it could not be cancelled.
      return false;
    }
  }

  #open(purpose: Purpose): Repository {
    return openRepository(this.#transport, this.#name, optionsFor(purpose));
  }

  #requests(purpose: Purpose): RepositoryRequests {
    return new RepositoryRequests(this.#transport, this.#name, optionsFor(purpose), this.#vendor);
  }
}

/**
 * Errors say what permission is missing by the side they are on; reads have none, as that of a source may be answered by
 * a mirror. A repository that goes away meanwhile must not be made again.
 */
function optionsFor(purpose: Purpose): RepositoryOptions {
  return { purpose, side: purpose === "read" ? undefined : "destination", createRepository: false };
}

/** Families whose own API takes a tag away. */
const ownApi: ReadonlySet<string> = new Set(["docker-hub", "ghcr", "harbor", "acr", "ecr"]);

function left(what: string): Finding {
  return warning(
    `allowed, but the upload opened to try a ${what} could not be cancelled`,
    "Registries drop what is left open after a while, a week at most; nothing is needed",
  );
}

/** The tags of an answer, in whatever form; undefined when it has none. */
function tagsOf(body: Uint8Array): readonly unknown[] | undefined {
  try {
    const tags = asObject(JSON.parse(new TextDecoder().decode(body)))?.["tags"];
    if (tags === null) return [];
    return Array.isArray(tags) ? tags : undefined;
  } catch {
    return undefined;
  }
}
