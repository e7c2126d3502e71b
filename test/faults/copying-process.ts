/**
 * A process that copies tags and exits: it is killed and started again until it gets to its end. Its work comes as JSON
 * in the environment variable WORK.
 */
import { createEngine, parseReference, type PlanItem } from "../../engine/index.ts";

export interface Work {
  /** `host:port` of both registries. */
  readonly source: string;
  readonly destination: string;
  readonly password: string;
  readonly tags: readonly string[];
}

const { source, destination, password, tags } = JSON.parse(process.env["WORK"] ?? "") as Work;
const engine = createEngine({
  registries: [source, destination].map((address) => ({ address, plainHttp: true })),
  credentials: {
    explicit: [source, destination].map((address) => ({
      address,
      credential: { kind: "basic", username: "robot", password },
    })),
  },
});
const plans = await Promise.all(
  tags.map((tag) =>
    engine.plan({
      source: parseReference(`${source}/from/app:${tag}`),
      destination: parseReference(`${destination}/to/app:${tag}`),
    }),
  ),
);
const items: PlanItem[] = plans.flatMap((plan) => plan.items);
const report = await engine.apply({ items });
await engine.close();
process.exitCode = report.items.every(({ outcome }) => outcome === "done" || outcome === "unchanged") ? 0 : 1;
