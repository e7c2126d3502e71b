import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { createEngine, parseReference } from "../../../engine/index.ts";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { manifestOf, types } from "../../support/images/index.ts";
import { only, quickRetry } from "../pair.ts";

const mebibyte = 1024 * 1024;
const pieces = 256;

/** 256 MiB of one piece again and again, made as they are read. */
function* content(): Generator<Buffer> {
  const piece = Buffer.alloc(mebibyte, "layer");
  for (let number = 0; number < pieces; number += 1) yield piece;
}

test("memory does not grow with the size of a blob", async () => {
  const hash = createHash("sha256");
  for (const piece of content()) hash.update(piece);
  const layer = { mediaType: types.oci.layer, digest: `sha256:${hash.digest("hex")}`, size: pieces * mebibyte };
  const image = manifestOf(types.oci.manifest, {
    schemaVersion: 2,
    mediaType: types.oci.manifest,
    config: layer,
    layers: [],
  });
  const server = createServer((request, response) => {
    const isManifest = request.url?.includes("/manifests/") === true;
    response.writeHead(
      200,
      isManifest ? { "Content-Type": image.mediaType, "Docker-Content-Digest": image.digest } : {},
    );
    if (request.method === "HEAD") response.end();
    else if (isManifest) response.end(image.bytes);
    else Readable.from(content()).pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const directory = await mkdtemp(join(tmpdir(), "imagesync-memory-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const destination = await startRegistry({ storage: { directory } });
  onTestFinished(() => destination.close());

  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registries = [host, destination.host].map((address) => ({ address, plainHttp: true }));
  const engine = createEngine({ registries, retry: quickRetry });
  onTestFinished(() => engine.close());
  const used = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const plan = await engine.plan({
    source: parseReference(`${host}/from/app:1`),
    destination: parseReference(`${destination.host}/to/app:1`),
  });
  const before = used();
  let peak = 0;
  let samples = 0;
  const report = await engine.apply(plan, {
    onEvent: ({ kind }) => {
      if (kind !== "blob-progress") return;
      samples += 1;
      peak = Math.max(peak, used() - before);
    },
  });
  expect(only(report)).toMatchObject({ outcome: "done", bytes: layer.size });
  expect(samples).toBeGreaterThan(50);
  // Engine, source and destination share this process; a copy that held the blob would need all 256 MiB at the end.
  expect(peak / mebibyte).toBeLessThan(128);
});
