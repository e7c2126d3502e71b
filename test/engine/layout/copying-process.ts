/**
 * A process that copies tags of a registry into a layout and exits: it is killed and started again. Its work comes as
 * JSON in the environment variable WORK.
 */
import { createEngine, parseLocation, parseReference } from "../../../engine/index.ts";

export interface Work {
  /** `host:port/repository` */
  readonly source: string;
  /** As `parseLocation` takes it, without a tag. */
  readonly destination: string;
  readonly tags: readonly string[];
}

const { source, destination, tags } = JSON.parse(process.env["WORK"] ?? "") as Work;
const [host = ""] = source.split("/");
const engine = createEngine({ registries: [{ address: host, plainHttp: true }] });
const plans = await Promise.all(
  tags.map((tag) =>
    engine.plan({
      source: parseReference(`${source}:${tag}`),
      destination: parseLocation(`${destination}:${tag}`),
      policy: { integrity: "blobs" },
    }),
  ),
);
const report = await engine.apply({ items: plans.flatMap((plan) => plan.items) });
await engine.close();
for (const { error } of report.items) if (error !== undefined) process.stderr.write(`${error.message}\n`);
process.exitCode = report.items.every(({ outcome }) => outcome === "done" || outcome === "unchanged") ? 0 : 1;
