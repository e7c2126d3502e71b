import { atDigest, type Digest, type EngineEvent, isDigest, parseReference, pinned } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue, type ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { type Memory, readMemory, type Resolved, writeMemory } from "./memory.ts";
import { taggedReference } from "./plan.ts";
import { describeImage } from "./read.ts";
import { resolveSource } from "./source.ts";
import { depthIn, digestIn, platformsIn, text } from "./state.ts";

type ApplyRequest = Parameters<ResourceDefinition<Configured>["apply"]>[0];
type ApplyAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["apply"]>>;

/** Creates, updates in place, or destroys. */
export async function applyImagesync(request: ApplyRequest, context: Context): Promise<ApplyAnswer> {
  const { prior, planned, provider } = request;
  if (planned === null) {
    if (prior !== null) await destroy(prior, provider, context);
    return { state: null };
  }
  const memory = readMemory(request.private);
  const signal = deadline(planned["timeouts"], prior === null ? "create" : "update", context.signal);
  const resolved = await whatToCopy(planned, provider, signal);
  await copy(planned, resolved, provider, context, signal);
  const destination = text(planned, "destination") ?? "";
  const described =
    typeof planned["media_type"] === "string" && planned["platform_digests"] instanceof Map
      ? {}
      : await describeImage(destination, resolved.digest, provider, signal);
  return {
    state: objectValue({
      ...planned,
      id: pinned(parseReference(destination), resolved.digest),
      source_digest: resolved.sourceDigest,
      destination_digest: resolved.digest,
      complete: true,
      tagged_ref: taggedReference(destination, resolved.digest),
      ...described,
    }),
    private: writeMemory(remember(memory, prior, resolved)),
  };
}

/** The digest the plan has promised; where it could not promise one, what the source holds now. */
async function whatToCopy(planned: ObjectValue, provider: Configured, signal: AbortSignal): Promise<Resolved> {
  const sourceDigest = text(planned, "source_digest");
  const pin = sourceDigest !== undefined && isDigest(sourceDigest) ? sourceDigest : undefined;
  const digest = digestIn(text(planned, "id"));
  if (pin !== undefined && digest !== undefined) return { question: "", sourceDigest: pin, digest };
  return await resolveSource(planned, pin, provider, signal);
}

async function copy(
  planned: ObjectValue,
  { sourceDigest, digest }: Resolved,
  { engine }: Configured,
  context: Context,
  signal: AbortSignal,
): Promise<void> {
  const plan = await engine.plan(
    {
      source: atDigest(parseReference(text(planned, "source") ?? ""), sourceDigest),
      destination: parseReference(text(planned, "destination") ?? ""),
      digest,
      policy: {
        platforms: platformsIn(planned, "platforms"),
        requiredPlatforms: platformsIn(planned, "required_platforms"),
        integrity: depthIn(planned),
      },
    },
    { signal },
  );
  const report = await engine.apply(plan, { signal, onEvent: (event) => tell(event, context) });
  for (const { error, item, blobs, bytes } of report.items) {
    if (error) throw error;
    context.log.info("Image is in place", {
      destination: text(planned, "destination"),
      digest,
      action: item.action,
      bytes,
      ...blobs,
    });
  }
}

/** What the source held, under the question it answers, and the digests the tag had before. */
function remember(memory: Memory, prior: ObjectValue | null, resolved: Resolved): Memory {
  const before = prior ? digestIn(text(prior, "id")) : undefined;
  const changed = before !== undefined && before !== resolved.digest;
  const previous: Digest[] = changed
    ? [before, ...memory.previous.filter((digest) => digest !== before)]
    : [...memory.previous];
  const question = memory.resolved?.question ?? resolved.question;
  return { resolved: { ...resolved, question }, pinned: memory.pinned, previous };
}

async function destroy(prior: ObjectValue, { engine }: Configured, context: Context): Promise<void> {
  const destination = text(prior, "destination");
  const expectDigest = digestIn(text(prior, "id"));
  // A create that failed before anything was put leaves no digest: there is nothing of ours to remove.
  if (destination === undefined || expectDigest === undefined) return;
  const signal = deadline(prior["timeouts"], "delete", context.signal);
  const report = await engine.remove(parseReference(destination), { expectDigest, signal });
  for (const { digest, by } of report.kept) {
    context.diagnostics.warning("Tag kept", `${destination} holds ${digest} and was not removed: ${by}.`);
  }
}

function tell(event: EngineEvent, { log, diagnostics }: Context): void {
  switch (event.kind) {
    case "warning":
      diagnostics.warning("Part of the image was left out", `${event.message}.`);
      break;
    case "retry":
      log.warn("Trying again", {
        operation: event.operation,
        attempt: event.attempt,
        delay_ms: event.delayMs,
        reason: event.reason,
      });
      break;
    case "throttled":
      log.warn("Registry asks to slow down", { registry: event.registry, delay_ms: event.delayMs });
      break;
    case "blob-done":
      log.debug("Blob is in place", { digest: event.digest, bytes: event.size, how: event.how });
      break;
    case "manifest-done":
      log.debug("Manifest is in place", { digest: event.digest, tag: event.tag });
      break;
    case "blob-progress":
      log.trace("Blob on its way", { digest: event.digest, bytes: event.bytes, size: event.size });
      break;
  }
}
