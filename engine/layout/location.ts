import { resolve, sep } from "node:path";
import { ImagesyncError } from "../errors.ts";
import { type Digest, isDigest, quote } from "../oci/digest.ts";
import { isTag, parseReference, type Reference } from "../oci/reference.ts";

/** What stands where a registry would, for images in the file system. No host can be called so. */
const layoutKinds = ["oci:", "oci-archive:"] as const;

/** `oci:` is a directory, `oci-archive:` a tar file of one. */
export type LayoutKind = (typeof layoutKinds)[number];

/** Whether this stands for a layout and not for a registry. */
export function isLayoutKind(registry: string): registry is LayoutKind {
  return (layoutKinds as readonly string[]).includes(registry);
}

/** Linux takes no longer ones. */
const maxPathLength = 4096;

/**
 * Reads where an image is: a reference to a registry, or `oci:DIRECTORY` and `oci-archive:FILE`, each with `:tag` and
 * `@digest` behind it as in references. Of a layout the `registry` is `oci:` or `oci-archive:` and the `repository` the
 * absolute path; a relative one is taken from the working directory.
 * @throws `invalid-reference` with the offending part and the expected form.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function parseLocation(text: string): Reference {
  const kind = layoutKinds.find((kind) => text.startsWith(kind));
  if (kind === undefined) return parseReference(text);
  const rest = text.slice(kind.length);
  if (/^\/\/[^/]/.test(rest)) {
    throw invalid(
      text,
      `behind "${kind}" stands a path`,
      `Write "${rest.slice(2)}" for an image at a registry, or ${kind} and a path`,
    );
  }
  if (rest.length > maxPathLength) throw invalid(text, `it has more than ${maxPathLength} characters`);
  if (/\p{Cc}/u.test(rest)) throw invalid(text, "a path has no control characters here");
  const { name, digest } = splitDigest(rest, text);
  const { path, tag } = splitTag(name, text, kind);
  if (path === "") throw invalid(text, "the path is missing");
  return {
    registry: kind,
    repository: resolve(path),
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    spelled: `${kind}${path}`,
  };
}

/** Names of files may have an at sign too: what follows is meant as a digest if it has a colon. */
function splitDigest(rest: string, text: string): { name: string; digest: Digest | undefined } {
  const at = rest.lastIndexOf("@");
  const behind = rest.slice(at + 1);
  if (at < nameStart(rest) || !behind.includes(":")) return { name: rest, digest: undefined };
  if (isDigest(behind)) return { name: rest.slice(0, at), digest: behind };
  if (!/^sha\d+:/i.test(behind)) return { name: rest, digest: undefined };
  throw invalid(
    text,
    `${quote(behind)} is not a digest`,
    "A digest is sha256: and 64 lower-case hexadecimal digits, or sha512: and 128",
  );
}

/** A colon begins a tag only behind the last slash. */
function splitTag(name: string, text: string, kind: LayoutKind): { path: string; tag: string | undefined } {
  const colon = name.indexOf(":", nameStart(name)) < 0 ? -1 : name.lastIndexOf(":");
  if (colon < 0) return { path: name, tag: undefined };
  const tag = name.slice(colon + 1);
  if (isTag(tag)) return { path: name.slice(0, colon), tag };
  throw invalid(
    text,
    `${quote(tag)} is not a tag`,
    kind === "oci:"
      ? "Write it as oci:DIRECTORY:tag; behind a directory with a colon in its name write a slash"
      : "Write it as oci-archive:FILE:tag",
  );
}

function nameStart(path: string): number {
  return Math.max(path.lastIndexOf("/"), path.lastIndexOf(sep)) + 1;
}

function invalid(
  text: string,
  why: string,
  hint = "Write it as oci:DIRECTORY:tag, oci-archive:FILE:tag, or with @sha256:… in place of the tag",
): ImagesyncError {
  return new ImagesyncError({
    code: "invalid-reference",
    operation: "read a location",
    message: `Invalid location ${quote(text)}: ${why}`,
    hint,
  });
}
