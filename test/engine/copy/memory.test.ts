import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { createEngine, parseReference } from "../../../engine/index.ts";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { buildHugeImage } from "../../support/images/huge-image.ts";
import { MemoryGauge } from "../memory-gauge.ts";
import { only, quickRetry } from "../pair.ts";

const { image, layer, content } = buildHugeImage(256);

test("memory does not grow with the size of a blob", async () => {
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
  const plan = await engine.plan({
    source: parseReference(`${host}/from/app:1`),
    destination: parseReference(`${destination.host}/to/app:1`),
  });
  const memory = new MemoryGauge();
  const report = await engine.apply(plan, {
    onEvent: ({ kind }) => {
      if (kind === "blob-progress") memory.sample();
    },
  });
  expect(only(report)).toMatchObject({ outcome: "done", bytes: layer.size });
  expect(memory.samples).toBeGreaterThan(50);
  // Engine, source and destination share this process; a copy that held the blob would need all 256 MiB at the end.
  expect(memory.peak).toBeLessThan(128);
});
