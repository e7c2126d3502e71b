import { type Digest, parseReference, pinned } from "../../../engine/index.ts";
import { objectValue, type ObjectValue, type Value } from "../../protocol/value.ts";
import { taggedReference } from "./plan.ts";
import { imagesyncSchema } from "./schema.ts";
import { defaults } from "./state.ts";

/** What is known of an image that something else has put at its destination. */
export interface Known {
  readonly destination: string;
  /** Null where it is not known: the next plan adopts the configured one in place. */
  readonly source: string | null;
  /** What the destination's tag has been given. Without it the refresh takes what is there. */
  readonly digest?: Digest | undefined;
  readonly sourceDigest?: Digest | null | undefined;
  /** Further attributes. */
  readonly attributes?: Readonly<Record<string, Value>>;
}

/**
 * The state of a resource that takes over such an image. What is not known is null: the refresh completes it.
 * @throws `invalid-reference` for a destination that is none.
 */
export function adopt({ destination, source, digest, sourceDigest, attributes }: Known): ObjectValue {
  const reference = parseReference(destination);
  const empty = Object.keys(imagesyncSchema.block.attributes).map((name) => [name, null] as const);
  const image = digest && {
    id: pinned(reference, digest),
    tagged_ref: taggedReference(destination, digest),
    destination_digest: digest,
    complete: true,
  };
  return objectValue({
    ...Object.fromEntries(empty),
    ...defaults,
    source,
    destination,
    source_digest: sourceDigest ?? null,
    ...image,
    ...attributes,
    timeouts: null,
  });
}
