import { type Digest, isDigest } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { type DeletionPolicy, deletionPolicyOf } from "../../deletion-policy.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { defaults, text, texts } from "./state.ts";

/** Every one of them is a tag at the registry, which people see: enough for any rollback. */
export const maxKeepPrevious = 20;

/** What a resource wants to stay when its image is replaced or removed. */
export interface Retention {
  readonly policy: DeletionPolicy;
  /** How many earlier digests stay after an update. */
  readonly keepPrevious: number;
  /** Never collected, with everything below them. */
  readonly keepDigests: readonly Digest[];
  /** Signatures and whatever else belongs to an image go with it, as they have come with it. */
  readonly referrers: boolean;
}

/**
 * The wishes of a plan or a state. A resource that says nothing of its policy has that of the provider block as it is
 * now, and not as it was at some earlier apply: whoever writes `retain` there and removes resources in the same change
 * must not lose them.
 */
export function retentionOf(value: ObjectValue, provider: Configured): Retention {
  const count = value["keep_previous"];
  return {
    policy: deletionPolicyOf(text(value, "deletion_policy")) ?? provider.deletionPolicy,
    keepPrevious: typeof count === "number" && isKeepPrevious(count) ? count : defaults.keep_previous,
    keepDigests: texts(value, "keep_digests").filter(isDigest),
    referrers: value["referrers"] !== false,
  };
}

/** Whether `keep_previous` can be this number. */
export function isKeepPrevious(count: unknown): boolean {
  return typeof count === "number" && Number.isInteger(count) && count >= 0 && count <= maxKeepPrevious;
}
