import { expect, test } from "vitest";
import type { Digest } from "../../../engine/index.ts";
import { buildImage, push, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const image = buildImage({ seed: "image", layers: [300, 200] });
const digest = image.digest as Digest;

/** As many exchanges with the registry as a copy needs, and more. */
async function letOthersWork({ destination }: Pair, isDone: () => boolean): Promise<void> {
  for (let exchanges = 0; exchanges < 60 && !isDone(); exchanges += 1) await fetch(`${destination.url}/v2/`);
}

test.each([
  ["the tag, at a registry that deletes tags", "1", {}],
  ["a layer", "blob", {}],
  ["a stand-in", "stand-in", { tagDelete: false }],
])(
  "a copy waits for the delete of %s that was under way when its removal was stopped",
  async (_what, what, destination) => {
    const pair = await startPair({ destination });
    const source = await pair.seed(image);
    const reference = pair.at("to/app:1");
    await push(image, { host: pair.destination.host, repository: "to/app", tag: "1" });
    const stop = new AbortController();
    let arrive = (): void => undefined;
    const until = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    let underWay = 0;
    let standIns = 0;
    pair.destination.intercept = ({ kind, method, reference: key }) => {
      if (kind === "manifest" && method === "PUT" && key === "1") standIns += 1;
      if (method !== "DELETE") return undefined;
      const isIt = what === "stand-in" ? standIns > 0 : key === what || kind === what;
      if (!isIt) return undefined;
      underWay += 1;
      stop.abort(new Error("enough"));
      return { until };
    };
    const removal = pair.engine.remove(reference, { expectDigest: digest, signal: stop.signal });
    await expect(removal).rejects.toMatchObject({ code: "aborted" });
    let isDone = false;
    const copy = pair.copy(source, reference).finally(() => {
      isDone = true;
    });
    await letOthersWork(pair, () => isDone);
    arrive();
    expect((await copy).outcome).toBe("done");
    expect(underWay).toBeGreaterThan(0);
    await letOthersWork(pair, () => false);
    expect(await pair.tree(reference)).toEqual(treeOf(image));
  },
);
