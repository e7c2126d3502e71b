import type { PlainAnswer } from "../plain-client.ts";
import type { ProtocolSteps } from "../protocol-steps.ts";

/**
 * One row of the table that is asked of the embedded registry and of the real docker-registry 2.8 alike. Where they
 * differ on purpose the row has both answers; then the embedded one follows the specification and docker-registry is what
 * it is.
 */
export interface Behaviour {
  readonly does: string;
  readonly ask: (here: ProtocolSteps, neighbour: ProtocolSteps) => Promise<unknown>;
  readonly answer: unknown;
  /** What docker-registry answers instead. */
  readonly dockerRegistry?: unknown;
}

/** A digest that no registry has. */
export const UNKNOWN_DIGEST: string = `sha256:${"0".repeat(64)}`;

/** Media type of an image's config. */
export const CONFIG = "application/vnd.oci.image.config.v1+json";

/** Status and error code of an answer. */
export async function status(answer: Promise<PlainAnswer>): Promise<[number, string]> {
  const { status, code } = await answer;
  return [status, code];
}
