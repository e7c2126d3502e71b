import { expect, test } from "vitest";
import {
  buildImage,
  buildIndex,
  descriptorOf,
  manifestOf,
  types,
  type TestManifest,
} from "../../support/images/index.ts";
import { failureOf } from "../failure.ts";
import { type Pair, startPair } from "../pair.ts";

/** An index over children that only its source's answers know. */
function indexOf(children: readonly TestManifest[]): TestManifest {
  const document = { schemaVersion: 2, mediaType: types.oci.index, manifests: children.map(descriptorOf) };
  return manifestOf(types.oci.index, document);
}

/** Serves manifests by digest that no registry would have taken. */
function serve(pair: Pair, manifests: readonly TestManifest[]): void {
  const known = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
  pair.source.intercept = ({ kind, reference }) => {
    const manifest =
      kind === "manifest" ? known.get(reference === "1" ? (manifests[0]?.digest ?? "") : reference) : undefined;
    if (!manifest) return undefined;
    const headers = { "content-type": manifest.mediaType, "docker-content-digest": manifest.digest };
    return { respond: { status: 200, headers, body: manifest.bytes } };
  };
}

test("manifests that together would fill the memory are refused", async () => {
  const pair = await startPair();
  const padding = "x".repeat(7 * 1024 * 1024);
  const children = Array.from({ length: 12 }, (_, number) =>
    manifestOf(types.oci.manifest, { schemaVersion: 2, mediaType: types.oci.manifest, layers: [], number, padding }),
  );
  const index = indexOf(children);
  const source = await pair.seed(buildImage({ seed: "placeholder" }));
  serve(pair, [index, ...children]);
  const error = await failureOf(() => pair.engine.plan({ source, destination: pair.at("to/app:1") }));
  expect(error).toMatchObject({ code: "limit" });
  expect(error?.message).toContain("bytes");
});

test("when one child is missing, the others are not fetched for nothing", async () => {
  const pair = await startPair({ engine: { retry: { attempts: 1 } } });
  const children = Array.from({ length: 500 }, (_, number) => buildImage({ seed: `child ${number}` }));
  const [missing, ...present] = children;
  const index = indexOf(children);
  const source = await pair.seed(buildImage({ seed: "placeholder" }));
  serve(pair, [index, ...present]);
  pair.resetCounts();
  const error = await failureOf(() => pair.engine.plan({ source, destination: pair.at("to/app:1") }));
  expect(error).toMatchObject({ code: "not-found", side: "source" });
  expect(error?.message).toContain(missing?.digest);
  // Whatever waits for a connection goes before this.
  await pair.engine.resolve(source);
  expect(pair.source.counts()["GET manifest"]).toBeLessThan(300);
});

test("a manifest that several indexes name is read once", async () => {
  const pair = await startPair();
  const child = buildImage({ seed: "shared child", layers: [400] });
  const inner = [1, 2, 3].map((number) => buildIndex({ children: [child], annotations: { number: String(number) } }));
  const source = await pair.seed(buildIndex({ children: inner }));
  pair.resetCounts();
  expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  expect(pair.source.counts()["GET manifest"]).toBe(5);
});
