import { ImagesyncError, type Side } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/reference.ts";
import type { Storage } from "./storage.ts";

export interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** A layout as one end of a copy. */
export interface Layout {
  readonly name: RepositoryName;
  readonly side?: Side | undefined;
  readonly storage: Storage;
  /** Wanted without a tag: then `latest`, or else the only image there is. */
  readonly nameless: boolean;
  /** What a manifest here refers to, as far as it was looked at; digests name content for ever. */
  readonly subjects: Map<Digest, Digest | undefined>;
  /** What is wanted at the destination by its digest alone, and gets an entry without a name. */
  readonly root?: Digest | undefined;
}

/** How errors call something in a layout. */
export function spell({ name }: Layout, key: string): string {
  return `${name.registry}${name.repository}${key.includes(":") ? "@" : ":"}${key}`;
}

/** The error of something that is not in the layout. */
export function missing(layout: Layout, operation: string, key: string, hint?: string): ImagesyncError {
  return new ImagesyncError({
    code: "not-found",
    operation,
    side: layout.side,
    registry: layout.name.registry,
    reference: spell(layout, key),
    message: `Cannot ${operation} ${spell(layout, key)}: the layout does not have it`,
    hint,
  });
}

/** Runs what works at a layout; what fails says at which end of a copy, and of what. */
export async function at<T>(layout: Layout, key: string | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ImagesyncError)) throw error;
    const { side, name } = layout;
    throw error.with({
      side,
      registry: name.registry,
      ...(key === undefined ? {} : { reference: spell(layout, key) }),
    });
  }
}
