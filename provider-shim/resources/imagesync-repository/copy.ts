import {
  atDigest,
  type Digest,
  type EngineEvent,
  type ErrorCode,
  mergeWithPositions,
  type OnEvent,
  type Plan,
  type Policy,
  type ReportItem,
  toImagesyncError,
} from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import { logEvent } from "../../event-log.ts";
import type { Context } from "../../protocol/context.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { platformsIn, text } from "../imagesync/state.ts";
import { depthIn } from "./destination.ts";
import type { Own, Wish } from "./memory.ts";
import type { TagFailure } from "./source.ts";
import { repositoryIn, tagAt } from "./state.ts";

/** What became of one tag. */
export interface Landing {
  readonly tag: string;
  /** What the tag holds; undefined where it could not be brought. */
  readonly digest?: Digest | undefined;
  /** Why the image, or something that belongs to it, is not there. */
  readonly failure?: TagFailure | undefined;
  /** Nobody can tell whether the tag has been put: the registry may have done it, and was not heard. */
  readonly uncertain?: boolean | undefined;
}

/** What ends a request whose answer is not known. */
const unheard: ReadonlySet<ErrorCode> = new Set(["aborted", "timeout", "unavailable", "protocol"]);

/**
 * Copies images to their tags, by digest: tags of the source are not asked again. One that fails stops no other.
 * @param ours What the resource has put there before: to move a tag on from that is no conflict.
 */
export async function copyImages(
  value: ObjectValue,
  images: ReadonlyMap<string, Wish>,
  ours: ReadonlyMap<string, Own>,
  provider: Configured,
  context: Context,
  signal: AbortSignal,
): Promise<readonly Landing[]> {
  const planned = await Promise.all(
    [...images].map(async ([tag, wish]) => ({ tag, plan: await planImage(value, tag, wish, ours, provider, signal) })),
  );
  const { plan, positions } = mergeWithPositions(planned.map(({ plan: one }) => one));
  for (const warning of plan.warnings ?? [])
    context.diagnostics.warning("Part of an image was left out", `${warning}.`);
  const report = await provider.engine.apply(plan, { signal, onEvent: teller(context) });
  const landings = planned.map(({ tag, plan: one }, at) => {
    const items = (positions[at] ?? []).flatMap((position) => report.items[position] ?? []);
    return landingOf(tag, items, one.failures ?? []);
  });
  context.log.info("Images are in place", {
    destination: text(value, "destination"),
    images: landings.filter(({ failure }) => failure === undefined).length,
    failed: landings.filter(({ failure }) => failure !== undefined).length,
    bytes: report.bytes,
    requests: report.requests,
  });
  return landings;
}

async function planImage(
  value: ObjectValue,
  tag: string,
  { source, digest }: Wish,
  ours: ReadonlyMap<string, Own>,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<Plan> {
  const own = ours.get(tag);
  const policy = policyOf(value, own === undefined ? [] : [own.digest, ...own.previous]);
  const leavesOthers = policy.replaceTags === false || policy.onConflict === "keep";
  const rule = {
    source: { ...atDigest(repositoryIn(value, "source"), source), tag },
    destination: tagAt(value, tag),
    // What is left alone is something else.
    ...(leavesOthers ? {} : { digest }),
    policy,
  };
  try {
    return await engine.plan(rule, { signal });
  } catch (error) {
    const { code, message, hint, side } = toImagesyncError(error, "plan a copy");
    return { items: [], failures: [{ source: rule.source, destination: rule.destination, code, message, hint, side }] };
  }
}

function policyOf(value: ObjectValue, ours: readonly Digest[]): Policy {
  const onConflict = text(value, "on_conflict");
  return {
    platforms: platformsIn(value, "platforms"),
    requiredPlatforms: platformsIn(value, "required_platforms"),
    integrity: depthIn(value),
    createRepository: value["create_repository"] !== false,
    replaceTags: value["replace_tag"] !== false,
    onConflict: onConflict === "keep" || onConflict === "fail" ? onConflict : "overwrite",
    ours,
    ...(value["referrers"] === false ? {} : { referrers: {} }),
  };
}

function landingOf(tag: string, items: readonly ReportItem[], unplanned: NonNullable<Plan["failures"]>): Landing {
  const main = items.find(({ item }) => item.destination.tag === tag && item.subject === undefined);
  const failed = items.find(({ error }) => error !== undefined)?.error ?? unplanned[0];
  if (main?.outcome === "unchanged" && main.item.action !== "skip") {
    return { tag, failure: failureOf(tag, failed ?? { message: main.reason ?? movedMeanwhile, side: "destination" }) };
  }
  const digest = main?.outcome === "done" || main?.outcome === "unchanged" ? main.item.digest : undefined;
  const uncertain = main?.outcome === "failed" && main.error !== undefined && unheard.has(main.error.code);
  return { tag, digest, failure: failed && failureOf(tag, failed), uncertain };
}

const movedMeanwhile = "Somebody has moved the tag at the destination meanwhile, and it is kept";

function failureOf(tag: string, { message, hint, side }: Omit<TagFailure, "tag">): TagFailure {
  return { tag, message, hint, side };
}

/** What the copies tell; what their requests run into belongs to all who share them, and is logged once. */
function teller({ log, diagnostics }: Context): OnEvent {
  return (event: EngineEvent) => {
    if (event.kind === "warning" && event.about === "left-out") {
      diagnostics.warning("Part of an image was left out", `${event.message}.`);
    } else {
      logEvent(event, log);
    }
  };
}
