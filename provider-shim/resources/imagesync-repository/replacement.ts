import { ImagesyncError } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { isSelectionUnknown } from "../../selection.ts";
import { deadline } from "../../timeouts.ts";
import { text, unknown } from "../imagesync/state.ts";
import { guardOf, isGuardUnknown } from "./deletions.ts";
import { failureText } from "./failures.ts";
import { type Memory, noMemory } from "./memory.ts";
import { askSource, canonicalRepository, questionOf } from "./source.ts";
import { notedStanding } from "./standing.ts";

type PlanRequest = Parameters<ResourceDefinition<Configured>["plan"]>[0];

/**
 * Refuses a replacement whose images nobody could bring. Most replacements remove the old ones first: without the source
 * nothing would take their place. One that Terraform was told to make, or that another resource brings about, is planned
 * as an object without changes, and then like a new one; of that only the memory tells what it takes the place of.
 */
export async function checkReplacement(
  value: ObjectValue,
  memory: Memory,
  { prior, provider, config }: PlanRequest,
  context: Context,
): Promise<void> {
  if (config === null || provider === undefined || provider.unknown || context.diagnostics.hasErrors) return;
  if (["source", "destination", "platforms"].some((name) => unknown(value, name)) || isSelectionUnknown(config)) return;
  const isMoved = prior !== null && prior["destination"] !== value["destination"];
  // What moves has been looked at when its state was planned.
  const isAgain = prior === null && memory.ours.size > 0 && isAtPlace(value, memory);
  if (!isMoved && !isAgain) return;
  const asked = prior === null ? notedStanding(value, provider) : isSameQuestion(prior, value) ? memory : undefined;
  const failure = asked ? asked.failure : await failureOf(value, provider, context);
  if (failure === undefined || (asked?.empty === true && isEmptyAllowed(value))) return;
  const what = isMoved ? "A new destination" : "A replacement";
  const detail = `${failure}\n\n${what} is copied from the source. Without it the old images would be removed, and nothing would take their place. Repeat the plan when the source can be asked.`;
  context.diagnostics.error("Source unavailable", detail, attributePath("source"));
}

/** Notes of what stands somewhere are of that place. */
function isAtPlace(value: ObjectValue, { place }: Memory): boolean {
  return place === undefined || place === canonicalRepository(text(value, "destination"));
}

function isSameQuestion(prior: ObjectValue, value: ObjectValue): boolean {
  return questionOf(prior) === questionOf(value);
}

function isEmptyAllowed(value: ObjectValue): boolean {
  return isGuardUnknown(value) || guardOf(value)?.allowEmptySource === true;
}

/** Why another source, or another selection, could not be followed; undefined where it can. */
async function failureOf(value: ObjectValue, provider: Configured, context: Context): Promise<string | undefined> {
  const signal = deadline(value["timeouts"], "read", context.signal);
  try {
    const { failures } = await askSource(value, noMemory, provider, signal);
    return failures.length === 0 ? undefined : failureText(failures);
  } catch (error) {
    if (context.signal.aborted || !(error instanceof ImagesyncError)) throw error;
    return [`${error.message}.`, ...(error.hint === undefined ? [] : [`${error.hint}.`])].join("\n\n");
  }
}
