import {
  type Digest,
  isDigest,
  parsePlatform,
  parseReference,
  type Platform,
  type Reference,
  tagOrLatest,
} from "../../../engine/index.ts";
import { isUnknown, type ObjectValue, type Value } from "../../protocol/value.ts";

/** Defaults of attributes that may be left out. */
export const defaults = {
  integrity_check: "manifests",
  on_source_unavailable: "keep",
  keep_previous: 1,
  create_repository: true,
  on_conflict: "overwrite",
  referrers: true,
} as const;

/** The text of an attribute; undefined when it is null, unknown or absent. */
export function text(value: ObjectValue, attribute: string): string | undefined {
  const found = value[attribute];
  return typeof found === "string" ? found : undefined;
}

/** The texts of a set attribute, sorted; empty when it is null. */
export function texts(value: ObjectValue, attribute: string): string[] {
  const found = value[attribute];
  return Array.isArray(found) ? found.filter((item): item is string => typeof item === "string").sort() : [];
}

/** Whether an attribute, or an element of it, is not known yet. */
export function unknown(value: ObjectValue, attribute: string): boolean {
  const found = value[attribute];
  if (isUnknown(found)) return true;
  if (Array.isArray(found)) return (found as readonly Value[]).some((item) => isUnknown(item));
  return found instanceof Map && [...found.values()].some((item: Value) => isUnknown(item));
}

export function platformsIn(value: ObjectValue, attribute: string): Platform[] {
  return texts(value, attribute).map((name) => parsePlatform(name));
}

/** The tag that a destination names; where it names none, `latest`. */
export function destinationTag(destination: string): Reference {
  const reference = parseReference(destination);
  return { ...reference, tag: tagOrLatest(reference) };
}

/** How deep to look, from a value that validation has let pass. */
export function depthIn(value: ObjectValue): "tag" | "manifests" | "blobs" {
  const depth = text(value, "integrity_check");
  return depth === "tag" || depth === "blobs" ? depth : defaults.integrity_check;
}

/** The digest behind the `@` of a pinned reference. */
export function digestIn(pinnedReference: string | undefined): Digest | undefined {
  const digest = pinnedReference?.slice(pinnedReference.lastIndexOf("@") + 1);
  return digest !== undefined && isDigest(digest) ? digest : undefined;
}

/** The digests of the platforms' images. */
export function platformDigests(value: ObjectValue): readonly Digest[] {
  const found = value["platform_digests"];
  const digests: unknown[] = found instanceof Map ? [...found.values()] : [];
  return digests.filter((item): item is Digest => typeof item === "string" && isDigest(item));
}
