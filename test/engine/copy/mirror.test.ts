import { expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { createEngine, parseReference } from "../../../engine/index.ts";
import { buildImage, fetchTree, push, treeOf } from "../../support/images/index.ts";
import { type Script, startServer } from "../http/scripted-server.ts";
import { only } from "../pair.ts";

const image = buildImage({ seed: "mirrored", layers: [3000, 5000] });

/** Copies from a registry whose mirror answers as the script says; returns how often the mirror was asked. */
async function copyWith(script: Script): Promise<number> {
  const [source, destination] = await Promise.all([startRegistry(), startRegistry()]);
  onTestFinished(async () => void (await Promise.all([source.close(), destination.close()])));
  await push(image, { host: source.host, repository: "app", tag: "1" });
  await using mirror = await startServer(script);
  const engine = createEngine({
    retry: { baseDelayMs: 1, maxDelayMs: 2 },
    registries: [
      { address: source.host, plainHttp: true, mirrors: [mirror.host] },
      { address: mirror.host, plainHttp: true },
      { address: destination.host, plainHttp: true },
    ],
  });
  onTestFinished(() => engine.close());
  const [from, to] = [parseReference(`${source.host}/app:1`), parseReference(`${destination.host}/copy:1`)];
  expect(only(await engine.apply(await engine.plan({ source: from, destination: to }))).error).toBeUndefined();
  expect(await fetchTree(destination, "copy", "1")).toEqual(treeOf(image));
  return mirror.requests.length;
}

test("a mirror that lies about every byte does not keep an image from arriving whole", async () => {
  const sizes = new Map(Object.entries(treeOf(image).blobs));
  const asked = await copyWith(({ url }, response) => {
    const size = sizes.get(url.slice(url.lastIndexOf("/") + 1));
    return size === undefined ? response.end("no manifest") : response.end(Buffer.alloc(size, "lies"));
  });
  expect(asked).toBeGreaterThan(sizes.size);
});

test("a mirror that breaks off every answer does not keep an image from arriving whole", async () => {
  const asked = await copyWith((_, response) => {
    response.writeHead(200, { "content-length": 3000 });
    response.write("half");
    response.destroy();
  });
  expect(asked).toBeGreaterThan(0);
});
