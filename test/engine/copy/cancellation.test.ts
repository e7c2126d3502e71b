import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { parseReference, type Reference } from "../../../engine/index.ts";
import { digestOf, manifestOf, types } from "../../support/images/index.ts";
import { only, startPair } from "../pair.ts";

const mebibyte = 1024 * 1024;

/** A source with one image of a large layer, of which it sends some and then nothing more. */
async function startTrickle(sends: number): Promise<{ reference: Reference; sending: Promise<ServerResponse> }> {
  const layer = { mediaType: types.oci.layer, digest: digestOf([Buffer.from("never complete")]), size: 64 * mebibyte };
  const image = manifestOf(types.oci.manifest, { schemaVersion: 2, mediaType: types.oci.manifest, layers: [layer] });
  let onSending = (_response: ServerResponse): void => undefined;
  const sending = new Promise<ServerResponse>((resolve) => {
    onSending = resolve;
  });
  const server = createServer((request, response) => {
    if (request.url?.includes("/manifests/") === true) {
      response.writeHead(200, { "Content-Type": image.mediaType, "Docker-Content-Digest": image.digest });
      response.end(request.method === "HEAD" ? undefined : image.bytes);
      return;
    }
    response.writeHead(200, { "Content-Length": layer.size });
    response.write(Buffer.alloc(sends));
    onSending(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { reference: parseReference(`127.0.0.1:${port}/from/app:1`), sending };
}

test("a stop in the middle of a 64 MiB blob ends the copy, both connections and the upload, without a tag", async () => {
  const pair = await startPair();
  const { reference, sending } = await startTrickle(6 * mebibyte);
  const registries = [reference.registry, pair.destination.host].map((address) => ({ address, plainHttp: true }));
  const engine = pair.newEngine({ registries });
  const destination = pair.at("to/app:1");
  const plan = await engine.plan({ source: reference, destination });
  const stop = new AbortController();
  const events: string[] = [];
  const applied = engine.apply(plan, {
    signal: stop.signal,
    onEvent: (event) => {
      events.push(event.kind);
      // Some of the blob has passed, the rest will never come.
      if (event.kind === "blob-progress") stop.abort();
    },
  });
  const response = await sending;
  const closed = response.destroyed ? Promise.resolve() : once(response, "close");
  expect(only(await applied)).toMatchObject({ outcome: "failed", bytes: 0, error: { code: "aborted" } });
  await closed;
  expect(events).toEqual(["blob-progress"]);
  expect(pair.destination.openUploads()).toBe(0);
  expect(await pair.tagged(destination)).toBeUndefined();
  expect(pair.destination.requests.filter(({ status }) => status === 0)).toEqual([]);
});

test.each([
  ["nothing in particular", undefined, "aborted"],
  ["a reason of the caller's", new Error("the user pressed a key"), "aborted"],
  ["text", "enough", "aborted"],
  ["a deadline", new DOMException("too late", "TimeoutError"), "timeout"],
])("a stop for %s is no defect of ours: %#", async (_name, reason, code) => {
  const pair = await startPair();
  const { reference } = await startTrickle(6 * mebibyte);
  const registries = [reference.registry, pair.destination.host].map((address) => ({ address, plainHttp: true }));
  const engine = pair.newEngine({ registries });
  const rule = { source: reference, destination: pair.at("to/app:1") };
  const plan = await engine.plan(rule);
  const stop = new AbortController();
  const applied = engine.apply(plan, {
    signal: stop.signal,
    onEvent: ({ kind }) => {
      if (kind === "blob-progress") stop.abort(reason);
    },
  });
  expect(only(await applied)).toMatchObject({ outcome: "failed", error: { code } });
  const stopped = { signal: stop.signal };
  expect(only(await engine.apply(plan, stopped))).toMatchObject({ outcome: "failed", error: { code } });
  await expect(engine.plan(rule, stopped)).rejects.toMatchObject({ name: "ImagesyncError", code });
  await expect(engine.resolve(reference, stopped)).rejects.toMatchObject({ name: "ImagesyncError", code });
  await expect(engine.inspect(reference, stopped)).rejects.toMatchObject({ name: "ImagesyncError", code });
  await expect(engine.tags(reference, stopped)).rejects.toMatchObject({ name: "ImagesyncError", code });
  await expect(engine.ping(reference.registry, stopped)).rejects.toMatchObject({ name: "ImagesyncError", code });
  const removal = { ...stopped, expectDigest: plan.items[0]?.digest ?? ("" as never) };
  await expect(engine.remove(rule.destination, removal)).rejects.toMatchObject({ name: "ImagesyncError", code });
});

test("a stop while copies wait for one another ends them all", async () => {
  const pair = await startPair();
  const { reference } = await startTrickle(6 * mebibyte);
  const registries = [reference.registry, pair.destination.host].map((address) => ({ address, plainHttp: true }));
  const engine = pair.newEngine({ registries });
  const plans = await Promise.all(
    ["a", "b", "c"].map((name) => engine.plan({ source: reference, destination: pair.at(`to/${name}:1`) })),
  );
  const stop = new AbortController();
  const onEvent = ({ kind }: { kind: string }): void => {
    if (kind === "blob-progress") stop.abort();
  };
  const reports = await Promise.all(plans.map((plan) => engine.apply(plan, { signal: stop.signal, onEvent })));
  for (const report of reports) expect(only(report)).toMatchObject({ outcome: "failed", error: { code: "aborted" } });
  expect(pair.destination.openUploads()).toBe(0);
});

test("closing the engine ends a copy under way", async () => {
  const pair = await startPair();
  const { reference } = await startTrickle(6 * mebibyte);
  const registries = [reference.registry, pair.destination.host].map((address) => ({ address, plainHttp: true }));
  const engine = pair.newEngine({ registries });
  const plan = await engine.plan({ source: reference, destination: pair.at("to/app:1") });
  const closing: Promise<void>[] = [];
  const report = await engine.apply(plan, {
    onEvent: ({ kind }) => {
      if (kind === "blob-progress") closing.push(engine.close());
    },
  });
  await Promise.all(closing);
  expect(only(report)).toMatchObject({ outcome: "failed" });
  expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
});
