import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { type Reference, type RepositoryName, tagOrLatest } from "../oci/reference.ts";
import { isLayoutKind } from "./location.ts";

/**
 * How a removal goes: of a layout the tag alone, as nobody can tell which of its content other programs count on.
 * @throws `unsupported` for a layout's content without a tag
 */
export function onlyTagOf<Options extends object>(
  reference: Reference,
  options: Options,
): Options & { readonly policy?: "untag" } {
  if (!isLayoutKind(reference.registry)) return options;
  if (tagOrLatest(reference) === undefined) throw noContent("delete", reference);
  return { ...options, policy: "untag" };
}

/** @throws `unsupported` when this is a layout */
export function refuseCollection(name: RepositoryName): void {
  if (isLayoutKind(name.registry)) throw noContent("collect garbage in", name);
}

function noContent(operation: string, { registry, repository }: RepositoryName): ImagesyncError {
  return new ImagesyncError({
    code: "unsupported",
    operation,
    side: "destination",
    registry,
    message: `Cannot ${operation} ${quote(`${registry}${repository}`)}: of a layout only tags are removed`,
    hint: "Copy what is to stay into a new layout",
  });
}
