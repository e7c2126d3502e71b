import { randomBytes } from "node:crypto";
import { canonicalReference, type Engine, formatReference, type Reference } from "../../engine/index.ts";
import type { Configured } from "../configure.ts";
import type { Context } from "../protocol/context.ts";
import { attributePath } from "../protocol/diagnostics.ts";

/** Who has which tag, by what this process has read, planned or put. An engine is made for each walk of Terraform. */
const owners = new WeakMap<Engine, Map<string, string>>();

/** Beyond these a message is read by nobody. */
const maxLines = 10;

/** A name for an object, to which Terraform gives none that a provider hears of. It goes into the object's memory. */
export function newOwner(): string {
  return randomBytes(8).toString("hex");
}

/**
 * Notes the tags of an object, and warns of those that another object has too: each would undo what the other does, and
 * neither can see that from its own state. What is to come is told apart from what is there, which may be about to go.
 */
export function claimTags(
  tags: readonly Reference[],
  owner: string,
  { engine }: Configured,
  { diagnostics }: Context,
  when: "there" | "to come" = "there",
): void {
  const places = owners.get(engine) ?? new Map<string, string>();
  owners.set(engine, places);
  const shared = tags.filter((reference) => {
    const place = `${when} ${canonicalReference(reference)}`;
    const other = places.get(place);
    places.set(place, owner);
    return other !== undefined && other !== owner;
  });
  if (shared.length === 0) return;
  const lines = shared.map((reference) => `- ${formatReference(reference)}`).toSorted();
  const more = lines.length > maxLines ? [`- and ${lines.length - maxLines} more`] : [];
  const detail = `Another resource brings an image to the same place:\n${[...lines.slice(0, maxLines), ...more].join("\n")}\n\nEach undoes what the other does, and what one removes is gone for both. Let only one of them have the tag.`;
  diagnostics.warning("Tag of two resources", detail, attributePath("destination"));
}
