import { expect, test } from "vitest";
import type { Intercept } from "../../../embedded-registry/index.ts";
import { buildImage, treeOf } from "../../support/images/index.ts";
import { failureOf } from "../failure.ts";
import { startPair } from "../pair.ts";

const image = buildImage({ seed: "head", layers: [500] });

/** Some repositories of Nexus answer so: 404 to every HEAD of a manifest that GET delivers. */
const headSaysNotFound: Intercept = ({ method, kind }) =>
  method === "HEAD" && kind === "manifest" ? { respond: { status: 404 } } : undefined;

test("an image that only GET finds is not taken for gone", async () => {
  const pair = await startPair({ source: { intercept: headSaysNotFound } });
  const source = await pair.seed(image);
  expect(await pair.engine.inspect(source)).toMatchObject({ digest: image.digest });
  expect(await pair.engine.resolve(source)).toMatchObject({ digest: image.digest });
});

test("an image is copied between registries that answer 404 to HEAD, and again", async () => {
  const pair = await startPair({
    source: { intercept: headSaysNotFound },
    destination: { intercept: headSaysNotFound },
  });
  const source = await pair.seed(image);
  expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
});

test("what is missing is said with the registry's own code", async () => {
  const pair = await startPair();
  const source = await pair.seed(image);
  const error = await failureOf(() => pair.engine.resolve({ ...source, tag: "2" }));
  expect(error).toMatchObject({ code: "not-found", registryCode: "MANIFEST_UNKNOWN" });
});

test("an absent destination costs one request", async () => {
  const pair = await startPair();
  const source = await pair.seed(image);
  await pair.engine.plan({ source, destination: pair.at("to/app:1") });
  expect(pair.destination.counts()).toEqual({ "HEAD manifest": 1 });
});
