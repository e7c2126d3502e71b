import { isDeepStrictEqual } from "node:util";
import {
  atDigest,
  type EngineEvent,
  type ImagesyncError,
  isDigest,
  parseReference,
  pinned,
} from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { logEvent } from "../../event-log.ts";
import type { Context, ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue, type ObjectValue } from "../../protocol/value.ts";
import { deadline } from "../../timeouts.ts";
import { destroyImagesync } from "./destroy.ts";
import { collectEarlier, holdEarlier } from "./earlier.ts";
import { readMemory, type Resolved, writeMemory } from "./memory.ts";
import { taggedReference } from "./plan.ts";
import { describeImage } from "./read.ts";
import { retentionOf } from "./retention.ts";
import { resolveSource } from "./source.ts";
import { depthIn, digestIn, platformsIn, text } from "./state.ts";

type ApplyRequest = Parameters<ResourceDefinition<Configured>["apply"]>[0];
type ApplyAnswer = Awaited<ReturnType<ResourceDefinition<Configured>["apply"]>>;

/** Creates, updates in place, or destroys. */
export async function applyImagesync(request: ApplyRequest, context: Context): Promise<ApplyAnswer> {
  const { prior, planned, provider } = request;
  const memory = readMemory(request.private);
  if (planned === null) {
    if (prior !== null) await destroyImagesync(prior, memory, provider, context);
    return { state: null };
  }
  const destination = text(planned, "destination") ?? "";
  const signal = deadline(planned["timeouts"], prior === null ? "create" : "update", context.signal);
  const resolved = await whatToCopy(planned, provider, signal);
  const update = {
    destination,
    current: resolved.digest,
    retention: retentionOf(planned, provider),
    provider,
    signal,
  };
  const leaving = prior ? digestIn(text(prior, "id")) : undefined;
  const isMoving = leaving !== undefined && leaving !== resolved.digest;
  const earlier = isMoving && (await holdEarlier(update, leaving, context)) ? [leaving] : [];
  if (prior === null || !isInPlace(prior, planned)) await copy(planned, resolved, provider, context, signal);
  const described =
    typeof planned["media_type"] === "string" && planned["platform_digests"] instanceof Map
      ? {}
      : await describeImage(destination, resolved.digest, provider, signal);
  // A new object may get the memory of the one it takes the place of, which looks after its digests itself.
  const remembered = prior === null ? [] : memory.previous;
  const previous = [...earlier, ...remembered.filter((digest) => digest !== leaving && digest !== resolved.digest)];
  const isBack = remembered.includes(resolved.digest);
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
    private: writeMemory({
      resolved: { ...resolved, question: memory.resolved?.question ?? resolved.question },
      pinned: memory.pinned,
      unrecalled: memory.unrecalled,
      previous: await collectEarlier(update, previous, isBack, context),
    }),
  };
}

/** What says how the image gets and stays there, for how long too, and nothing of the image itself. */
const lifeAttributes = ["deletion_policy", "keep_previous", "keep_digests", "create_repository", "timeouts"] as const;

/** Whether the refresh has found the image in place, and all that changes is how it is looked after. */
function isInPlace(prior: ObjectValue, planned: ObjectValue): boolean {
  const beside = Object.fromEntries(lifeAttributes.map((name) => [name, null]));
  return isDeepStrictEqual(objectValue({ ...prior, ...beside }), objectValue({ ...planned, ...beside }));
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
        createRepository: planned["create_repository"] !== false,
      },
    },
    { signal },
  );
  const report = await engine.apply(plan, { signal, onEvent: (event) => tell(event, context) });
  for (const { error, item, blobs, bytes } of report.items) {
    if (error) throw isRepositoryMissing(error, planned) ? error.with({ hint: createItYourself }) : error;
    context.log.info("Image is in place", {
      destination: text(planned, "destination"),
      digest,
      action: item.action,
      bytes,
      ...blobs,
    });
  }
}

const createItYourself =
  "Create the repository at the registry, or let it be created at Amazon ECR: remove create_repository = false";

function isRepositoryMissing({ code, side, registryCode }: ImagesyncError, planned: ObjectValue): boolean {
  const missing = code === "not-found" && side === "destination" && registryCode === "NAME_UNKNOWN";
  return missing && planned["create_repository"] === false;
}

/** What the copy of this image tells; what its requests run into belongs to all who share them, and is logged once. */
function tell(event: EngineEvent, { log, diagnostics }: Context): void {
  if (event.kind === "warning" && event.about === "left-out") {
    diagnostics.warning("Part of the image was left out", `${event.message}.`);
  } else {
    logEvent(event, log);
  }
}
