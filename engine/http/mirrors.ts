import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ImagesyncError, isUnreachable } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { type Digest, isDigest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { HttpRequest, HttpResponse } from "./message.ts";
import { besideMirrors, besidePartialLists, type Miss } from "./mirror-hint.ts";
import { checkedBody } from "./mirrored-body.ts";
import type { Mirror } from "./transport-check.ts";

/** A mirror that did not answer, or has no time, is passed over for so long. */
const restMs = 30_000;

/** Sends a request to the registry that it names. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>;

export interface MirrorsOptions {
  /** The mirrors of a canonical registry, in the order in which they are asked. */
  readonly mirrorsOf: (registry: string) => readonly Mirror[];
  readonly onEvent: OnEvent;
  readonly clock?: Clock | undefined;
}

/**
 * Pulls content from mirrors before the registry itself is asked. Only manifests and blobs that a copy reads are pulled
 * from them; lists, and whatever looks at a destination, go to the registry. Where what belongs to an image is looked
 * for when the registry cannot be reached, graph/companions-at-mirrors.ts decides.
 *
 * A mirror need not have what it is asked for, let us in, or work: any answer but a success, and any failure, leads to
 * the next mirror and at last to the registry. It is asked once, without retries, and left alone for a while when it
 * has failed. Content is checked: what has another digest than was asked for is not taken from that mirror again.
 *
 * Tags are resolved by mirrors too, as docker and podman do: who names a mirror wants the registry behind it spared, or
 * cannot reach it. A tag then means what the first mirror that has it says; the digest is pinned from there on.
 */
export class Mirrors {
  readonly #options: MirrorsOptions;
  readonly #clock: Clock;
  readonly #restingUntil = new Map<string, number>();
  /** Content of a mirror that was not what its digest says. */
  readonly #damaged = new Set<string>();
  readonly #refused = new Set<string>();

  constructor(options: MirrorsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Sends a request to the mirrors of its registry, or to the registry. @throws what the registry's answer throws. */
  send(request: HttpRequest, send: Send): Promise<HttpResponse> {
    const mirrors = request.mirrored === true ? this.#options.mirrorsOf(request.registry) : [];
    const [first] = mirrors;
    if (first === undefined) return send(request);
    const wanted = wantedContent(request);
    return wanted === undefined
      ? this.#sendBeside(first, request, send)
      : this.#sendFirst(mirrors, wanted, request, send);
  }

  async #sendFirst(
    mirrors: readonly Mirror[],
    wanted: Content,
    request: HttpRequest,
    send: Send,
  ): Promise<HttpResponse> {
    const misses = new Map<string, Miss>();
    for (const mirror of mirrors) {
      if (this.#clock.now() < (this.#restingUntil.get(mirror.address) ?? Number.NEGATIVE_INFINITY)) {
        misses.set(mirror.address, resting);
        continue;
      }
      const answer = await this.#ask(mirror, wanted, request, send);
      if (!("final" in answer)) return answer;
      misses.set(mirror.address, answer);
    }
    try {
      return await send(request);
    } catch (error) {
      if (request.signal?.aborted === true || !(error instanceof ImagesyncError)) throw error;
      // Who cannot reach the registry at all has only the mirrors: those that were passed over may do after all.
      for (const mirror of isUnreachable(error) ? mirrors : []) {
        if (misses.get(mirror.address)?.final === true) continue;
        const answer = await this.#ask(mirror, wanted, { ...request, maxAttempts: undefined }, send);
        if (!("final" in answer)) return answer;
        misses.set(mirror.address, answer);
      }
      throw besideMirrors(error, request.registry, misses);
    }
  }

  /** What is no content only the registry itself can tell. */
  async #sendBeside(mirror: Mirror, request: HttpRequest, send: Send): Promise<HttpResponse> {
    try {
      return await send(request);
    } catch (error) {
      const isList = request.url.includes("/tags/list");
      throw isList && isUnreachable(error) ? besidePartialLists(error, request.registry, mirror) : error;
    }
  }

  async #ask(mirror: Mirror, wanted: Content, request: HttpRequest, send: Send): Promise<HttpResponse | Miss> {
    if (this.#damaged.has(contentKey(mirror, wanted))) return damaged;
    let answer: HttpResponse;
    try {
      answer = await send({ maxAttempts: 1, ...mirrored(mirror, wanted, request) });
      if (answer.status !== 200) {
        this.#passOver(mirror, request, answer.status);
        answer.body.on("error", () => undefined).destroy();
        return { why: `status ${answer.status}`, final: answer.status < 500 && answer.status !== 429 };
      }
      return await this.#checked(mirror, wanted, request, answer);
    } catch (error) {
      if (request.signal?.aborted === true || !(error instanceof ImagesyncError) || error.code === "aborted")
        throw error;
      this.#giveUp(mirror, request, error);
      return { why: error.message, final: false };
    }
  }

  #giveUp(mirror: Mirror, request: HttpRequest, { message }: ImagesyncError): void {
    this.#rest(mirror);
    this.#warn(`The mirror ${mirror.address} of ${request.registry} is passed over: ${message}`);
  }

  #passOver(mirror: Mirror, request: HttpRequest, status: number): void {
    if (status === 429 || status >= 500) {
      this.#rest(mirror);
      this.#warn(
        `The mirror ${mirror.address} of ${request.registry} is passed over: it answers with status ${status}`,
      );
    } else if ((status === 401 || status === 403) && !this.#refused.has(mirror.address)) {
      // Once: it may refuse each single request of a run, and is asked all the same, as rights differ by repository.
      this.#refused.add(mirror.address);
      this.#warn(`The mirror ${mirror.address} of ${request.registry} does not let us in: status ${status}`);
    }
  }

  /** A manifest is here already and is checked at once; of a blob its reader learns at the end, and asks again. */
  async #checked(
    mirror: Mirror,
    wanted: Content,
    request: HttpRequest,
    answer: HttpResponse,
  ): Promise<HttpResponse | Miss> {
    if (request.method === "HEAD") return answer;
    const said = answer.headers.get("docker-content-digest") ?? "";
    const digest = wanted.digest ?? (isDigest(said) ? said : undefined);
    if (request.kind === "blob") {
      const length = answer.headers.get("content-length");
      if (length !== undefined && request.expectedBytes !== undefined && Number(length) !== request.expectedBytes) {
        this.#distrust(mirror, wanted, request);
        answer.body.on("error", () => undefined).destroy();
        return damaged;
      }
      // Who reads it can only begin anew, and should find another place then.
      answer.body.once("error", (error) => {
        if (error instanceof ImagesyncError && lostCodes.has(error.code)) this.#giveUp(mirror, request, error);
      });
      const onDamage = (): void => this.#distrust(mirror, wanted, request);
      return digest === undefined ? answer : { ...answer, body: checkedBody(answer.body, digest, onDamage) };
    }
    const bytes = await buffer(answer.body);
    if (!isManifest(bytes, answer.headers.get("content-type"), digest)) {
      this.#distrust(mirror, wanted, request);
      return damaged;
    }
    return { ...answer, body: Readable.from([bytes], { objectMode: false }) };
  }

  /** What stands under a digest never changes; a tag is asked for again. */
  #distrust(mirror: Mirror, wanted: Content, request: HttpRequest): void {
    if (wanted.digest !== undefined) this.#damaged.add(contentKey(mirror, wanted));
    this.#warn(
      `The mirror ${mirror.address} of ${request.registry} has other content at ${wanted.key}: it is not taken`,
    );
  }

  #rest(mirror: Mirror): void {
    this.#restingUntil.set(mirror.address, this.#clock.now() + restMs);
  }

  #warn(message: string): void {
    this.#options.onEvent({ kind: "warning", about: "mirror", message });
  }
}

const lostCodes: ReadonlySet<string> = new Set(["unavailable", "timeout"]);

const resting: Miss = { why: "it has failed a moment ago", final: false };
/** Nothing is asked again of a damaged digest; a tag is, later. */
const damaged: Miss = { why: "it has other content there", final: true };

/** What a request pulls. */
interface Content {
  readonly repository: string;
  readonly kind: "manifests" | "blobs";
  readonly key: string;
  readonly digest: Digest | undefined;
}

/** Undefined for requests that only the registry itself can answer. */
function wantedContent(request: HttpRequest): Content | undefined {
  if (request.mirrored !== true || (request.method !== "GET" && request.method !== "HEAD")) return undefined;
  const [, repository = "", kind, key = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/?#]+)$/.exec(request.url) ?? [];
  if (kind !== "manifests" && kind !== "blobs") return undefined;
  return { repository, kind, key, digest: isDigest(key) ? key : undefined };
}

function mirrored(mirror: Mirror, { repository, kind, key }: Content, request: HttpRequest): HttpRequest {
  const path = `${mirror.prefix}${repository}`;
  return {
    ...request,
    registry: mirror.registry,
    url: `/v2/${path}/${kind}/${key}`,
    access: [{ repository: path, actions: ["pull"] }],
    mirrored: false,
  };
}

/** A page of a login form, or a torn answer, is none: the registry is asked instead. */
function isManifest(bytes: Buffer, mediaType: string | undefined, digest: Digest | undefined): boolean {
  try {
    parseManifest(bytes, mediaType, digest);
    return true;
  } catch {
    // What exactly is wrong with it does not matter; who is told is told of the mirror.
    return false;
  }
}

function contentKey(mirror: Mirror, { repository, key }: Content): string {
  return `${mirror.address} ${repository} ${key}`;
}
