/**
 * Copies every tag of a repository by a loop over the engine's plan, in one process:
 * node copy-repository.mjs HOST:PORT/SOURCE HOST:PORT/DESTINATION
 */
import { createEngine, formatReference, parseReference } from "../engine/index.ts";

const [from = "", to = ""] = process.argv.slice(2);
const source = parseReference(from);
const destination = parseReference(to);

const engine = createEngine({
  userAgent: "imagesync-bench",
  registries: [source, destination].map(({ registry }) => ({ address: registry, plainHttp: true })),
});
const tags = await engine.tags(source);
const plans = await Promise.all(
  tags.map((tag) => engine.plan({ source: { ...source, tag }, destination: { ...destination, tag } })),
);
const report = await engine.apply({ items: plans.flatMap((plan) => plan.items) });
await engine.close();

for (const { item, outcome, error } of report.items) {
  if (outcome !== "failed") continue;
  process.stderr.write(`${formatReference(item.destination)}: ${error?.message ?? outcome}\n`);
  process.exitCode = 1;
}
