import { createHash } from "node:crypto";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { parseLocation } from "../../../engine/index.ts";
import { manifestOf, types } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";
import { blobPath, entryOf, scratch, writeIndex } from "./test-layout.ts";

const mebibyte = 1024 * 1024;
const pieces = 192;

function* content(): Generator<Buffer> {
  const piece = Buffer.alloc(mebibyte, "layer");
  for (let number = 0; number < pieces; number += 1) yield piece;
}

test("memory does not grow with the size of a blob, in a directory and in an archive", async () => {
  const hash = createHash("sha256");
  for (const piece of content()) hash.update(piece);
  const layer = { mediaType: types.oci.layer, digest: `sha256:${hash.digest("hex")}`, size: pieces * mebibyte };
  const image = manifestOf(types.oci.manifest, {
    schemaVersion: 2,
    mediaType: types.oci.manifest,
    config: layer,
    layers: [],
  });
  const directory = await scratch();
  const given = join(directory, "given");
  await mkdir(dirname(blobPath(given, layer.digest)), { recursive: true });
  await writeFile(join(given, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(blobPath(given, layer.digest), content());
  await writeFile(blobPath(given, image.digest), image.bytes);
  await writeIndex(given, { schemaVersion: 2, manifests: [entryOf(image, "1")] });

  const pair = await startPair();
  const used = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  let peak = 0;
  let samples = 0;
  const steps = [
    `oci:${given}`,
    `oci-archive:${directory}/a.tar`,
    `oci-archive:${directory}/b.tar`,
    `oci:${directory}/c`,
  ];
  for (const [position, to] of steps.entries()) {
    const from = steps[position - 1];
    if (from === undefined) continue;
    const before = used();
    const copied = await pair.copy(parseLocation(`${from}:1`), parseLocation(`${to}:1`), {
      onEvent: ({ kind }) => {
        if (kind !== "blob-progress") return;
        samples += 1;
        peak = Math.max(peak, used() - before);
      },
    });
    expect(copied).toMatchObject({ outcome: "done", bytes: layer.size });
    peak = Math.max(peak, used() - before);
    if (position > 1) await rm(from.replace(/^[a-z-]+:/, ""), { recursive: true, force: true });
  }
  expect(samples).toBeGreaterThan(50);
  expect((await stat(blobPath(join(directory, "c"), layer.digest))).size).toBe(layer.size);
  // A copy that held the blob would need all 192 MiB at the end.
  expect(peak / mebibyte).toBeLessThan(96);
});
