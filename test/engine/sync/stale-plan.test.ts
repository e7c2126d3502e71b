import { expect, test } from "vitest";
import type { Digest } from "../../../engine/index.ts";
import { buildImage, push, treeOf } from "../../support/images/index.ts";
import { only, startPair } from "../pair.ts";

const image = buildImage({ seed: "image", layers: [300, 200] });
const before = buildImage({ seed: "before", layers: [100] });

test("a plan that found the image without its tag brings what has been collected since, also where manifests are taken unseen", async () => {
  const pair = await startPair();
  const source = await pair.seed(image);
  const put = { host: pair.destination.host, repository: "to/app" };
  await push(image, { ...put, tag: "1" });
  await push(before, { ...put, tag: "2" });
  const plan = await pair.engine.plan({ source, destination: pair.at("to/app:2"), policy: { integrity: "manifests" } });
  expect(plan.items).toMatchObject([{ action: "tag" }]);
  await pair.engine.remove(pair.at("to/app:1"), { expectDigest: image.digest as Digest });
  // The first push of the manifest has to be the last: a registry that looks at no content would have taken it.
  let pushes = 0;
  pair.destination.intercept = ({ kind, method }) => {
    if (kind === "manifest" && method === "PUT") pushes += 1;
    return undefined;
  };
  const layers = Object.keys(treeOf(image).blobs);
  expect(only(await pair.engine.apply(plan)).outcome).toBe("done");
  expect(pushes).toBe(1);
  expect(Object.keys((await pair.tree(pair.at("to/app:2"))).blobs).toSorted()).toEqual(layers.toSorted());
});
