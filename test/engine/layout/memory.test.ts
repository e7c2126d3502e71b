import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parseLocation } from "../../../engine/index.ts";
import { buildHugeImage } from "../../support/images/huge-image.ts";
import { MemoryGauge } from "../memory-gauge.ts";
import { startPair } from "../pair.ts";
import { blobPath, entryOf, scratch, writeIndex } from "./test-layout.ts";

const { image, layer, content } = buildHugeImage(192);

test("memory does not grow with the size of a blob, in a directory and in an archive", async () => {
  const directory = await scratch();
  const given = join(directory, "given");
  await mkdir(dirname(blobPath(given, layer.digest)), { recursive: true });
  await writeFile(join(given, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(blobPath(given, layer.digest), content());
  await writeFile(blobPath(given, image.digest), image.bytes);
  await writeIndex(given, { schemaVersion: 2, manifests: [entryOf(image, "1")] });

  const pair = await startPair();
  const memory = new MemoryGauge();
  const steps = [
    `oci:${given}`,
    `oci-archive:${directory}/a.tar`,
    `oci-archive:${directory}/b.tar`,
    `oci:${directory}/c`,
  ];
  for (const [position, to] of steps.entries()) {
    const from = steps[position - 1];
    if (from === undefined) continue;
    memory.start();
    const copied = await pair.copy(parseLocation(`${from}:1`), parseLocation(`${to}:1`), {
      onEvent: ({ kind }) => {
        if (kind === "blob-progress") memory.sample();
      },
    });
    expect(copied).toMatchObject({ outcome: "done", bytes: layer.size });
    memory.look();
    if (position > 1) await rm(from.replace(/^[a-z-]+:/, ""), { recursive: true, force: true });
  }
  expect(memory.samples).toBeGreaterThan(50);
  expect((await stat(blobPath(join(directory, "c"), layer.digest))).size).toBe(layer.size);
  // A copy that held the blob would need all 192 MiB at the end.
  expect(memory.peak).toBeLessThan(96);
});
