import type { Digest } from "../../../engine/index.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import type { Memory, Wanted, Wish } from "./memory.ts";
import type { Digests } from "./state.ts";

/**
 * What the tags will hold after an apply: what is wanted, and where the policy is to leave alone what is there, that.
 * @param current What the tags hold now, as far as they are whole.
 */
export function foretell(value: ObjectValue, { images }: Wanted, memory: Memory, current: Digests): Digests {
  return new Map([...images].map(([tag, wish]) => [tag, staying(value, tag, wish, memory, current) ?? wish.digest]));
}

/** The digest that a tag holds and keeps; undefined where what is wanted takes its place. */
function staying(
  value: ObjectValue,
  tag: string,
  wish: Wish,
  { ours, occupied }: Memory,
  current: Digests,
): Digest | undefined {
  const held = current.get(tag) ?? occupied.get(tag);
  if (held === undefined) return undefined;
  if (value["replace_tag"] === false) return held;
  const isOurs = held === ours.get(tag)?.digest || held === wish.digest;
  return value["on_conflict"] === "keep" && !isOurs ? held : undefined;
}

/** What stands in the way of tags whose policy is to fail then, as far as it is known before apply. */
export function foretellConflicts(
  value: ObjectValue,
  { images }: Wanted,
  { ours, occupied }: Memory,
  current: Digests,
): readonly { readonly tag: string; readonly message: string }[] {
  if (value["on_conflict"] !== "fail" || value["replace_tag"] === false) return [];
  return [...images].flatMap(([tag, { digest }]) => {
    const held = current.get(tag) ?? occupied.get(tag);
    const own = ours.get(tag);
    if (held === undefined || held === digest || held === own?.digest || own?.previous.includes(held)) return [];
    return [{ tag, message: `The tag holds ${held}, which this resource has not put there` }];
  });
}
