import type { ImagesyncError } from "../engine/index.ts";

/** What to do about an error, with what only a configuration can do where a registry takes no tag away. */
export function deletionHint({
  code,
  operation,
  hint,
}: Pick<ImagesyncError, "code" | "operation" | "hint">): string | undefined {
  if (code !== "unsupported" || operation !== "delete tag") return hint;
  const retain = 'let the image stay when the resource goes: deletion_policy = "retain"';
  return hint === undefined ? `${retain.charAt(0).toUpperCase()}${retain.slice(1)}` : `${hint}, or ${retain}`;
}
