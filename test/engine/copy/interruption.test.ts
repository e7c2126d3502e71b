import { describe, expect, onTestFinished, test } from "vitest";
import type { Intercept } from "../../../embedded-registry/index.ts";
import { buildImage, buildIndex, push, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const shared = { size: 2000, seed: "shared" };
const inner = buildIndex({ children: [buildImage({ seed: "a", layers: [shared] })] });
const image = buildIndex({ children: [inner, buildImage({ seed: "b", layers: [shared, 10] })] });
const old = buildImage({ seed: "what the tag held before", layers: [500] });

/** What happens at one request of a copy. `stop` aborts it, `kill` takes the engine's connections away. */
type Blow = (blow: { readonly stop: () => undefined; readonly kill: () => undefined }) => ReturnType<Intercept>;

/**
 * Copies once for each request of a copy, and strikes when that request arrives. Afterwards the tag holds what it held
 * or the whole new image, and another process copies it without fault.
 */
async function expectNothingHalf(before: "nothing" | "old", blow: Blow): Promise<void> {
  let struck = true;
  for (let at = 0; struck; at += 1) {
    const pair = await startPair();
    const source = await pair.seed(image);
    const destination = pair.at("to/app:1");
    if (before === "old") await push(old, { host: pair.destination.host, repository: "to/app", tag: "1" });
    struck = await strikeAt(at, pair, blow, async (engine, signal) => {
      const plan = await engine.plan({ source, destination });
      return await engine.apply(plan, { signal }).then((report) => report.items[0]?.outcome);
    });
    const tagged = await pair.tagged(destination);
    const tree = tagged === image.digest ? await pair.tree(destination) : tagged;
    expect([treeOf(image), before === "old" ? old.digest : undefined].map((one) => ({ at, tree: one }))).toContainEqual(
      {
        at,
        tree,
      },
    );
    const again = await pair.copy(source, destination, { engine: pair.newEngine(), integrity: "blobs" });
    expect({ at, error: again.error, tree: await pair.tree(destination) }).toEqual({ at, tree: treeOf(image) });
  }
}

/** True when the copy was still going on at that request. */
async function strikeAt(
  at: number,
  pair: Pair,
  blow: Blow,
  copy: (engine: Pair["engine"], signal: AbortSignal) => Promise<string | undefined>,
): Promise<boolean> {
  const engine = pair.newEngine({ retry: { attempts: 1 } });
  const stop = new AbortController();
  const kill = (): undefined => void engine.close();
  let seen = 0;
  let struck = false;
  const intercept: Intercept = () => {
    seen += 1;
    if (seen <= at) return undefined;
    struck = true;
    return blow({ stop: () => stop.abort() as undefined, kill });
  };
  pair.source.intercept = intercept;
  pair.destination.intercept = intercept;
  // A plan that is struck fails as a whole, an apply has it in its report.
  const outcome = await copy(engine, stop.signal).catch(() => "failed");
  pair.source.intercept = undefined;
  pair.destination.intercept = undefined;
  expect(outcome === "done" || struck).toBe(true);
  return struck;
}

describe("whatever request is hit, the tag is absent or whole", () => {
  test("when the copy is stopped and the request still does its work", async () => {
    await expectNothingHalf("nothing", ({ stop }) => stop());
  });

  test("when the copy is stopped and the request does not get through", async () => {
    await expectNothingHalf("nothing", ({ stop }) => {
      stop();
      return { respond: { status: 500 } };
    });
  });

  test("when the process loses its connections, as if it were killed", async () => {
    await expectNothingHalf("nothing", ({ kill }) => kill());
  });

  test("when registries fail from there on", async () => {
    await expectNothingHalf("nothing", () => ({ respond: { status: 500 } }));
  });

  test("when answers break off from there on", async () => {
    await expectNothingHalf("nothing", () => ({ cutAfterBytes: 3 }));
  });

  test("when requests break off from there on", async () => {
    await expectNothingHalf("nothing", () => ({ cutAfterReceivedBytes: 5 }));
  });

  test("when content is damaged from there on", async () => {
    await expectNothingHalf("nothing", () => ({ corruptByte: 1 }));
  });
});

describe("whatever request is hit, the tag holds the old image or the whole new one", () => {
  test("when the copy is stopped and the request still does its work", async () => {
    await expectNothingHalf("old", ({ stop }) => stop());
  });

  test("when requests break off from there on", async () => {
    await expectNothingHalf("old", () => ({ cutAfterReceivedBytes: 5 }));
  });
});

test("an upload that fails is given back, whoever was at fault", async () => {
  const large = buildImage({ seed: "large", layers: [2_000_000, 3000] });
  const faults: Record<string, (pair: Pair) => void> = {
    "the source's content is wrong": ({ source }) => {
      source.intercept = ({ kind, method }) => (kind === "blob" && method === "GET" ? { corruptByte: 1 } : undefined);
    },
    "the source fails": ({ source }) => {
      source.intercept = ({ kind }) => (kind === "blob" ? { respond: { status: 503 } } : undefined);
    },
    "the destination refuses the content": ({ destination }) => {
      destination.intercept = ({ kind, method }) =>
        kind === "upload" && method === "PUT" ? { respond: { status: 403 } } : undefined;
    },
    "the destination refuses the manifest": ({ destination }) => {
      destination.intercept = ({ kind, method }) =>
        kind === "manifest" && method === "PUT" ? { respond: { status: 403 } } : undefined;
    },
  };
  for (const [name, arrange] of Object.entries(faults)) {
    const pair = await startPair();
    const source = await pair.seed(large);
    arrange(pair);
    const item = await pair.copy(source, pair.at("to/app:1"));
    const after = {
      name,
      outcome: item.outcome,
      uploads: pair.destination.openUploads(),
      tag: await pair.tagged(pair.at("to/app:1")),
    };
    expect(after).toEqual({ name, outcome: "failed", uploads: 0, tag: undefined });
  }
});

test("a stop in the middle of many uploads gives all of them back", async () => {
  const pair = await startPair();
  const source = await pair.seed(buildImage({ seed: "many", layers: [4000, 3000, 2000, 1000] }));
  const stop = new AbortController();
  let arrived = 0;
  const { promise, release } = heldUntilReleased();
  onTestFinished(release);
  pair.destination.intercept = ({ kind, method }) => {
    if (kind !== "upload" || method !== "PUT") return undefined;
    arrived += 1;
    // All four uploads and that of the config are open now, and none is complete.
    if (arrived === 5) stop.abort();
    return { until: promise };
  };
  const item = await pair.copy(source, pair.at("to/app:1"), { signal: stop.signal });
  expect(item).toMatchObject({ outcome: "failed", error: { code: "aborted" } });
  expect(pair.destination.openUploads()).toBe(0);
  expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
});

function heldUntilReleased(): { readonly promise: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { promise, release: () => release() };
}
