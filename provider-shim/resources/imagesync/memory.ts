import { type Digest, isDigest } from "../../../engine/index.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { digestIn, text } from "./state.ts";

/**
 * What a resource remembers in the private bytes of its state, which Terraform keeps for it and shows to nobody. Terraform
 * plans twice, in two processes, and wants the same answer: a refresh resolves the source's tag and writes it here, and
 * both plans read it.
 */
export interface Memory {
  /** What the source's tag was when it was last asked. */
  readonly resolved?: Resolved | undefined;
  /** Why the source could not be asked at the last refresh. */
  readonly failure?: string | undefined;
  /** The configuration pins the source by `source_digest`: its tag is of no interest. */
  readonly pinned?: boolean | undefined;
  /** Digests that the destination's tag has held before, newest first. */
  readonly previous: readonly Digest[];
  /**
   * What the destination's tag has held, or holds, that this resource has not put there and leaves alone (`on_conflict`):
   * nothing that may be removed, held or collected. Newest first.
   */
  readonly foreign?: readonly Digest[] | undefined;
  /** Every tag that may have been put besides the destination's, also by an update that has failed since. */
  readonly tags?: readonly string[] | undefined;
  /** The registry could not be asked for earlier digests that nobody remembers: the next refresh asks again. */
  readonly unrecalled?: boolean | undefined;
  /** A name for the object, so that it is not taken for another one at the same tag. */
  readonly owner?: string | undefined;
}

export interface Resolved {
  /** The source, canonical, and the platforms: the question that was answered. */
  readonly question: string;
  readonly sourceDigest: Digest;
  /** What a copy of it will have. */
  readonly digest: Digest;
}

/** Of a resource that remembers nothing. */
export const noMemory: Memory = { previous: [] };

/** More than can be kept and what registries refuse to delete for a long time; the list must not grow for ever. */
const maxPrevious = 100;

/** Whether the private bytes are ours, and whole. */
export function hasMemory(bytes: Uint8Array | undefined): boolean {
  const memory = readMemory(bytes);
  return memory !== noMemory && memory.unrecalled !== true;
}

/** Reads the private bytes. Foreign ones, such as another provider has left, are no memory and no error. */
export function readMemory(bytes: Uint8Array | undefined): Memory {
  if (bytes === undefined || bytes.byteLength === 0) return noMemory;
  try {
    const fields: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof fields !== "object" || fields === null || !("imagesync" in fields) || fields.imagesync !== 1)
      return noMemory;
    const { resolved, failure, pinned, previous, foreign, tags, unrecalled, owner } = fields as Record<string, unknown>;
    return {
      resolved: readResolved(resolved),
      failure: typeof failure === "string" ? failure : undefined,
      pinned: pinned === true,
      previous: textsIn(previous).filter(isDigest),
      foreign: textsIn(foreign).filter(isDigest),
      tags: textsIn(tags),
      ...(unrecalled === true ? { unrecalled } : {}),
      ...(typeof owner === "string" ? { owner } : {}),
    };
  } catch {
    return noMemory;
  }
}

export function writeMemory(memory: Memory): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ imagesync: 1, ...memory, previous: memory.previous.slice(0, maxPrevious) }),
  );
}

/** The digest of the image that the resource has put at its destination's tag; undefined for one that it found there. */
export function ownDigest(state: ObjectValue, { foreign = [] }: Memory): Digest | undefined {
  const digest = digestIn(text(state, "id"));
  return digest !== undefined && foreign.includes(digest) ? undefined : digest;
}

/** What the resource has put at its destination's tag, as far as state and memory know: the image's digest first. */
export function topDigests(state: ObjectValue, memory: Memory): readonly Digest[] {
  const own = ownDigest(state, memory);
  return own === undefined ? memory.previous : [own, ...memory.previous.filter((digest) => digest !== own)];
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

function readResolved(value: unknown): Resolved | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { question, sourceDigest, digest } = value as Record<string, unknown>;
  if (typeof question !== "string" || typeof sourceDigest !== "string" || typeof digest !== "string") return undefined;
  return isDigest(sourceDigest) && isDigest(digest) ? { question, sourceDigest, digest } : undefined;
}
