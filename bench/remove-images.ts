/**
 * Removes images from a repository in one process, so many at a time, each as the provider does at a destroy:
 * node remove-images.mjs HOST:PORT/REPOSITORY FILE AT-ONCE
 * The file has a tag and its digest on each line.
 */
import { createEngine, parseDigest, parseReference } from "../engine/index.ts";
import { readRemovals, removeEach } from "./deletes/removal-list.ts";

const [address = "", file = "", atOnce = "1"] = process.argv.slice(2);
const repository = parseReference(address);

const engine = createEngine({
  userAgent: "imagesync-bench",
  registries: [{ address: repository.registry, plainHttp: true }],
});
const failures = await removeEach(await readRemovals(file), Number(atOnce), async ({ tag, digest }) => {
  const expectDigest = parseDigest(digest);
  const report = await engine.remove({ ...repository, tag }, { expectDigest, previous: [expectDigest] });
  const [skipped] = report.skipped;
  if (!report.untagged) throw new Error(report.kept[0]?.by ?? "the tag is kept");
  if (skipped !== undefined) throw new Error(`${skipped.what}: ${skipped.why}`);
});
await engine.close();
if (failures > 0) process.exitCode = 1;
