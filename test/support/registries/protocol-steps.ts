import { createHash } from "node:crypto";
import { send, type PlainAnswer, type PlainRequest } from "./plain-client.ts";

/** One repository of a registry, spoken to in the single steps of the protocol. */
export interface ProtocolSteps {
  readonly name: string;
  /** A request below the repository, for example `blobs/uploads/`; a whole path or address is taken as it is. */
  ask(method: string, path: string, request?: Omit<PlainRequest, "method">): Promise<PlainAnswer>;
  /** Opens an upload session and answers its address. */
  begin(): Promise<string>;
  /** Uploads a blob and answers its descriptor. */
  blob(content: string | Buffer, algorithm?: "sha256" | "sha512"): Promise<StepDescriptor>;
  /** Pushes a manifest. */
  manifest(reference: string, document: object | string, mediaType?: string): Promise<PlainAnswer>;
  /** Pushes a small image under a tag and answers its digest. `text` makes images differ. */
  image(tag: string, text?: string): Promise<StepDescriptor>;
  /** Reads a manifest, with every usual type accepted. */
  read(reference: string, method?: "GET" | "HEAD"): Promise<PlainAnswer>;
}

/** A descriptor without anything optional. */
export interface StepDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Media types of the four usual manifests. */
export const OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json";
/** See `OCI_IMAGE`. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
/** See `OCI_IMAGE`. */
export const DOCKER_IMAGE = "application/vnd.docker.distribution.manifest.v2+json";
/** See `OCI_IMAGE`. */
export const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/** The digest of some bytes. */
export function digestOf(content: string | Buffer, algorithm: "sha256" | "sha512" = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;
}

/** Adds a query parameter to an address that may have a query. */
export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`;
}

/** A manifest document of an image. */
export function imageOf(config: StepDescriptor, layers: readonly StepDescriptor[], extra: object = {}): object {
  return { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers, ...extra };
}

/** The steps on one repository; `defaults` go with every request. */
export function protocolSteps(base: string, name: string, defaults: PlainRequest = {}): ProtocolSteps {
  const steps: ProtocolSteps = {
    name,
    ask(method, path, request = {}) {
      const whole = path.startsWith("/") || path.startsWith("http") ? path : `/v2/${name}/${path}`;
      return send(base, whole, {
        ...defaults,
        ...request,
        method,
        headers: { ...defaults.headers, ...request.headers },
      });
    },
    async begin() {
      return (await steps.ask("POST", "blobs/uploads/")).headers.location ?? "";
    },
    async blob(content, algorithm = "sha256") {
      const digest = digestOf(content, algorithm);
      const answer = await steps.ask("PUT", withDigest(await steps.begin(), digest), { body: content });
      if (answer.status !== 201) throw new Error(`The upload was answered with ${answer.status}: ${answer.text}`);
      return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: Buffer.byteLength(content) };
    },
    manifest(reference, document, mediaType = OCI_IMAGE) {
      const body = typeof document === "string" ? document : JSON.stringify(document);
      return steps.ask("PUT", `manifests/${reference}`, { body, headers: { "Content-Type": mediaType } });
    },
    async image(tag, text = tag) {
      const config = {
        ...(await steps.blob(`{"text":"${text}"}`)),
        mediaType: "application/vnd.oci.image.config.v1+json",
      };
      const document = JSON.stringify(imageOf(config, [await steps.blob(`layer of ${text}`)]));
      const answer = await steps.manifest(tag, document);
      if (answer.status !== 201) throw new Error(`The push was answered with ${answer.status}: ${answer.text}`);
      return { mediaType: OCI_IMAGE, digest: digestOf(document), size: document.length };
    },
    read(reference, method = "GET") {
      const accept = [OCI_IMAGE, OCI_INDEX, DOCKER_IMAGE, DOCKER_LIST].join(", ");
      return steps.ask(method, `manifests/${reference}`, { headers: { Accept: accept } });
    },
  };
  return steps;
}
