import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/context.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { text } from "../imagesync/state.ts";
import { failureText } from "./failures.ts";
import { noMemory } from "./memory.ts";
import { memoryOf } from "./read.ts";
import { storedIn } from "./recall.ts";
import { removeTags } from "./removal.ts";
import { noteStanding } from "./standing.ts";

/**
 * Takes away every tag that the resource has put there and that still holds it; nothing else in the repository is
 * touched. What kept a tag from being removed is an error; then the state stays, and another destroy does the rest.
 */
export async function destroyRepository(
  prior: ObjectValue,
  bytes: Uint8Array,
  provider: Configured,
  context: Context,
): Promise<void> {
  const { ours: remembered, creating, place } = memoryOf(prior, bytes);
  if (creating === true) {
    // A create has failed half-way and is made again at the same place, which Terraform calls a replacement: the images
    // that are there are what it would copy.
    noteStanding(prior, { ours: remembered.size > 0 ? remembered : storedIn(prior) }, provider);
    context.log.info("Images stay for the create that follows", { destination: text(prior, "destination") });
    return;
  }
  const ours = place === undefined ? storedIn(prior) : remembered;
  const signal = deadline(prior["timeouts"], "delete", context.signal);
  const failures = await removeTags(prior, ours, provider, context, signal);
  noteStanding(prior, noMemory, provider);
  if (failures.length === 0) return;
  const isPart = failures.length < ours.size;
  const rest = isPart ? `The others are gone from ${text(prior, "destination")}. ` : "";
  context.diagnostics.error(
    `${failures.length} of ${ours.size} tags not removed`,
    `${failureText(failures)}\n\n${rest}Destroy again${isPart ? " for the rest" : ""}, once the cause is gone.`,
    attributePath("destination"),
  );
}
