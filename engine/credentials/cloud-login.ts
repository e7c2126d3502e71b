import type { CloudRequest } from "./cloud-request.ts";
import type { FoundCredential } from "./credential.ts";
import type { Environment } from "./environment.ts";

/** A login that a cloud has given, for a while. */
export interface CloudLogin {
  readonly found: FoundCredential;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
}

/** What a cloud's module is asked. */
export interface CloudQuestion {
  /** Canonical host of the registry. */
  readonly registry: string;
  readonly environment: Environment;
  /** For services in the network. */
  readonly request: CloudRequest;
  /** For the metadata service of the machine: no proxy, one attempt. */
  readonly requestDirectly: CloudRequest;
  readonly signal: AbortSignal;
}

/** What a cloud's module does: finds the ambient login; undefined when there is none. @throws for a broken one. */
export type CloudLoginFinder = (question: CloudQuestion) => Promise<CloudLogin | undefined>;
