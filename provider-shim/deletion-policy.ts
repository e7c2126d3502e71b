/**
 * What becomes of an image that is not wanted any more: `delete` removes its tag and what nobody else needs of its
 * content, `untag` the tag alone, `retain` nothing.
 */
export type DeletionPolicy = "delete" | "untag" | "retain";

/** Every {@link DeletionPolicy}, in the order in which they are explained. */
export const deletionPolicies: readonly DeletionPolicy[] = ["delete", "untag", "retain"];

/** Reads a policy; undefined for anything else, null included. */
export function deletionPolicyOf(value: unknown): DeletionPolicy | undefined {
  return deletionPolicies.find((policy) => policy === value);
}
