/**
 * Copies every tag of a repository by one rule, in one process:
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
const plan = await engine.plan({ source, destination, selection: {} });
const report = await engine.apply(plan);
await engine.close();

const failures = [
  ...(plan.failures ?? []),
  ...report.items.flatMap(({ item, error }) =>
    error === undefined ? [] : [{ destination: item.destination, message: error.message }],
  ),
];
for (const { destination: failed, message } of failures) {
  process.stderr.write(`${formatReference(failed)}: ${message}\n`);
  process.exitCode = 1;
}
