import {
  createEngine,
  type Engine,
  parseReference,
  pinned,
  type Plan,
  type Report,
  type RegistryTransport,
} from "../../engine/index.ts";
import { version } from "../../version.ts";
import { formatBytes } from "../quantity.ts";
import type { Narrator } from "./narrator.ts";
import type { Stage } from "./stage.ts";

/** The life of one copy by the engine alone: what `imagesync copy` does. */
export async function tellEngineStory(stage: Stage, narrator: Narrator, signal: AbortSignal): Promise<void> {
  const registries: RegistryTransport[] = [stage.sourceHost, stage.destinationHost].map((address) => ({
    address,
    plainHttp: true,
  }));
  // An empty environment: the demo uses neither the logins nor the proxies of whoever runs it.
  const engine = createEngine({ registries, userAgent: `imagesync/${version()}`, environment: {} });
  try {
    narrator.step("Plan: what is there to do?");
    stage.resetCost();
    const rule = { source: parseReference(stage.source), destination: parseReference(stage.destination) };
    const plan = await engine.plan(rule, { signal });
    narrator.quote(describe(plan));

    narrator.step("Apply: the image is copied and pinned");
    const report = await apply(engine, plan, signal);
    narrator.quote(report.items.map(({ item }) => pinned(item.destination, item.digest)));
    narrator.remark(stage.cost());

    narrator.step("The same again: nothing moves");
    stage.resetCost();
    const again = await engine.plan(rule, { signal });
    narrator.quote(describe(again));
    await apply(engine, again, signal);
    narrator.remark(stage.cost());

    narrator.step("Somebody deletes the tag at the destination");
    await stage.deleteDestinationTag();
    narrator.say(`DELETE ${stage.destination}`);

    narrator.step("The next run puts it back, and only what is missing moves");
    stage.resetCost();
    const repair = await engine.plan(rule, { signal });
    narrator.quote(describe(repair));
    await apply(engine, repair, signal);
    narrator.remark(stage.cost());
    if ((await stage.destinationDigest()) !== stage.image.index.digest) throw new Error("The tag did not come back");
    narrator.praise("the tag is back and holds the same digest");
  } finally {
    await engine.close();
  }
}

async function apply(engine: Engine, plan: Plan, signal: AbortSignal): Promise<Report> {
  const report = await engine.apply(plan, { signal });
  for (const { error } of report.items) if (error !== undefined) throw error;
  return report;
}

function describe(plan: Plan): string[] {
  return plan.items.map(
    ({ action, reason, digest, bytes }) => `${action}: ${reason}; ${digest}, at most ${formatBytes(bytes)}`,
  );
}
