import { ImagesyncError, selectTags } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue, type ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { platformsIn, text } from "../imagesync/state.ts";
import { listDestination, lookAtTags } from "./destination.ts";
import { failureText } from "./failures.ts";
import { type Memory, noMemory, readMemory, type Wanted, writeMemory } from "./memory.ts";
import { presumedIn, recall } from "./recall.ts";
import { askSource, canonicalRepository, isEmptySource, questionOf } from "./source.ts";
import { noteStanding } from "./standing.ts";
import { describeImages, type Digests, imagesIn, tagsIn } from "./state.ts";
import { claimTags, newOwner } from "../tag-owners.ts";

type ReadRequest = Parameters<ResourceDefinition<Configured>["read"]>[0];
type ReadAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["read"]>>;

/**
 * Looks at both ends. The source is asked which images are wanted now, for the plans to come; the destination, what the
 * tags hold that are ours, which is what `images` shows. A set whose tags are all gone is still a set: the next plan
 * shows what comes back.
 */
export async function readRepository(
  { state, private: bytes, provider }: ReadRequest,
  context: Context,
): Promise<ReadAnswer> {
  if (provider.unknown) return { state };
  const signal = deadline(state["timeouts"], "read", context.signal);
  const memory = memoryOf(state, bytes);
  const isImported = state["images"] === null;
  const mirrored = new Set([...imagesIn(state).keys(), ...memory.ours.keys()]);
  const [source, held] = await Promise.all([
    lookAtSource(state, memory, provider, { deadline: signal, stop: context.signal }),
    lookAtTags(state, mirrored, provider, signal),
  ]);
  const wanted = source.wanted?.images ?? new Map<string, unknown>();
  const others = [...(isImported ? await adoptable(state, source.wanted, provider, signal) : wanted.keys())];
  const beside = await lookAtTags(
    state,
    others.filter((tag) => !mirrored.has(tag)),
    provider,
    signal,
  );
  if (isImported && beside.size === 0) return { state: null };
  const shown = isImported ? beside : held;
  const seen = new Map([...shown].filter(([tag]) => !memory.unfinished.includes(tag)));
  tellFailure(source.failure, state, context);
  const next: Memory = {
    ...memory,
    wanted: source.wanted,
    // The memory is part of the state: what registries say must not bring secrets into it.
    failure: source.failure && context.log.redact(source.failure),
    empty: source.empty,
    ours:
      memory.place === undefined
        ? await recall(state, seen, source.wanted, { provider, signal, context })
        : oursNow(memory, held),
    occupied: isImported ? new Map() : beside,
    place: canonicalRepository(text(state, "destination")),
    owner: memory.owner ?? newOwner(),
  };
  // A name that Terraform has not kept yet may be another one at the next look.
  if (memory.owner !== undefined) claimTags(tagsIn(state, next.ours.keys()), memory.owner, provider, context);
  noteStanding(state, next, provider);
  return { state: objectValue({ ...state, ...describeImages(state, seen) }), private: writeMemory(next) };
}

/** What is ours, with the tags that an apply has moved whose end it has not heard. */
function oursNow({ ours, wanted, unfinished }: Memory, held: Digests): Memory["ours"] {
  return new Map(
    [...ours].map(([tag, own]) => {
      const wish = wanted?.images.get(tag);
      const isMoved = unfinished.includes(tag) && wish?.digest === held.get(tag) && wish?.digest !== own.digest;
      return [tag, wish && isMoved ? { ...wish, previous: [own.digest, ...own.previous] } : own];
    }),
  );
}

/** The memory, if it is about the destination of this state. */
export function memoryOf(state: ObjectValue, bytes: Uint8Array): Memory {
  const memory = readMemory(bytes);
  return memory.place === canonicalRepository(text(state, "destination")) ? memory : noMemory;
}

/** The tags an import can take over: those that are wanted, or all of the destination while no source is known. */
async function adoptable(
  state: ObjectValue,
  wanted: Wanted | undefined,
  provider: Configured,
  signal: AbortSignal,
): Promise<Iterable<string>> {
  if (wanted) return wanted.images.keys();
  return selectTags(await listDestination(state, provider, signal), {}).tags;
}

/**
 * Any failure of the source is remembered, not raised: the mirror exists, and what to do is the plan's decision. That
 * goes for a source that does not answer until the deadline too, but not for the user's stop.
 */
async function lookAtSource(
  state: ObjectValue,
  memory: Memory,
  provider: Configured,
  until: { readonly deadline: AbortSignal; readonly stop: AbortSignal },
): Promise<Pick<Memory, "wanted" | "failure" | "empty">> {
  const question = questionOf(state);
  if (question === undefined) return {};
  // A memory that is lost has no say in what is wanted: what is mirrored by the state counts as ours here.
  const asking = memory.place === undefined ? { ...memory, ours: presumedIn(state) } : memory;
  try {
    const { wanted, failures } = await askSource(state, asking, provider, until.deadline);
    return { wanted, ...(failures.length === 0 ? {} : { failure: failureText(failures) }) };
  } catch (error) {
    if (until.stop.aborted || !(error instanceof ImagesyncError)) throw error;
    const failure = [`${error.message}.`, ...(error.hint === undefined ? [] : [`${error.hint}.`])].join("\n\n");
    const empty = isEmptySource(error) ? { empty: true } : {};
    return { failure, ...empty, wanted: asItIs(asking, question, state) };
  }
}

/** While nobody can be asked, what is mirrored is wanted, and nothing that was only planned. */
function asItIs(memory: Memory, question: string, state: ObjectValue): Wanted | undefined {
  const isLost = memory.place === undefined && memory.ours.size > 0 && platformsIn(state, "platforms").length === 0;
  if (memory.wanted?.question !== question && !isLost) return undefined;
  const kept = imagesIn(state);
  const others = [...(memory.wanted?.images ?? [])].filter(([tag]) => kept.has(tag));
  return {
    question,
    images: new Map([...others, ...memory.ours].map(([tag, { source, digest }]) => [tag, { source, digest }])),
  };
}

function tellFailure(failure: string | undefined, state: ObjectValue, { diagnostics }: Context): void {
  if (failure === undefined || text(state, "on_source_unavailable") === "fail") return;
  const detail = `${failure}\n\nWhat is mirrored stays as it is. Set on_source_unavailable = "fail" to make this an error.`;
  diagnostics.warning("Source unavailable, mirror kept", detail, attributePath("source"));
}
