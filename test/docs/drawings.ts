import { expect } from "vitest";
import { createEngine, parseReference } from "../../engine/index.ts";
import type { RequestRecord, RunningRegistry } from "../../embedded-registry/index.ts";
import { mirror, openRegistry, pushTo, setStage, type Stage } from "../acceptance/stage.ts";
import { buildPlatformIndex, type TestManifest } from "../support/images/index.ts";
import type { Handler } from "./handler.ts";

type Side = "source" | "destination";

const two = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
const imageOf = (seed: string): TestManifest => buildPlatformIndex({ seed, layers: [500, 700], platforms: two });

/** A request as drawings name it: `GET manifest by tag`. */
function named({ method, kind, path }: RequestRecord): string {
  if (kind !== "manifest") return `${method} blob`;
  return `${method} manifest by ${path.includes("/sha256:") ? "digest" : "tag"}`;
}

/** The requests that a line of the drawing has, with the side that gets them. */
function drawn(line: string): string[] {
  const [, side, methods = "", noun = "", by] =
    /([◄├])─+ ((?:[A-Z]+(?:, )?)+) (manifest|blob)s?(?:, (by \w+))? ─+/.exec(line) ?? [];
  const to: Side = side === "◄" ? "source" : "destination";
  if (side === undefined) return [];
  return methods.split(", ").map((method) => [to, method, noun, by].filter((word) => word !== undefined).join(" "));
}

/** The way of an image, beside the requests that two registries have got. */
export const copyDrawingHandler: Handler = {
  proves: "a copy of an index makes the requests that docs/guides/how-it-works.md has drawn, in that order",
  blocks: ["docs/guides/how-it-works.md > A copy, request by request > 1"],
  needs: [],
  async run([drawing]) {
    const seen: { readonly what: string; readonly path: string }[] = [];
    const open = (side: Side): Promise<RunningRegistry> =>
      openRegistry({ onRequest: (record) => seen.push({ what: `${side} ${named(record)}`, path: record.path }) });
    const [source, destination] = [await open("source"), await open("destination")];
    const index = imageOf("drawn");
    await pushTo(source, "team/app", "1", index);
    const registries = [source, destination].map(({ host }) => ({ address: host, plainHttp: true }));
    const engine = createEngine({ registries, userAgent: "test", environment: {} });
    const rule = {
      source: parseReference(`${source.host}/team/app:1`),
      destination: parseReference(`${destination.host}/mirror/app:1`),
    };
    const steps = (drawing?.text ?? "").split("\n").flatMap(drawn);
    try {
      seen.length = 0;
      await engine.apply(await engine.plan(rule));
      expect(new Set(seen.map(({ what }) => what))).toEqual(new Set(steps));
      // Those of blobs run side by side.
      const phases = (all: readonly string[]): Set<string> =>
        new Set(all.map((what) => (what.endsWith("blob") ? "blobs" : what)));
      expect([...phases(seen.map(({ what }) => what))]).toEqual([...phases(steps)]);
      expectBottomUp(index, seen);
      // The second line says that this was all where the image is there.
      seen.length = 0;
      await engine.apply(await engine.plan(rule));
      expect(seen.map(({ what }) => what)).toEqual(steps.slice(0, 2));
    } finally {
      await engine.close();
    }
  },
};

/** Blobs before the image that needs them, images before their index, and its tag last but for the read-back. */
function expectBottomUp(index: TestManifest, seen: readonly { readonly what: string; readonly path: string }[]): void {
  const put = (digest: string): number =>
    seen.findIndex(({ what, path }) => what.startsWith("destination PUT") && decodeURIComponent(path).includes(digest));
  const tagged = seen.findIndex(({ what }) => what === "destination PUT manifest by tag");
  for (const child of index.children) {
    for (const { digest } of child.blobs) expect(put(digest)).toBeLessThan(put(child.digest));
    expect(put(child.digest)).toBeGreaterThan(0);
    expect(put(child.digest)).toBeLessThan(tagged);
  }
  expect(seen.slice(tagged + 1).map(({ what }) => what)).toEqual(["destination GET manifest by tag"]);
}

/** A stage on which image A has been mirrored, and how its resource is configured. */
async function mirrored(): Promise<Stage> {
  const stage = await setStage();
  const { source, destination, workspace, config } = stage;
  await pushTo(source, "team/app", "1", imageOf("A"));
  const ends = { source: `${source.host}/team/app:1`, destination: `${destination.host}/mirror/app:1` };
  await workspace.write(config(mirror(ends)));
  await workspace.apply();
  return stage;
}

/** What stands at the destination in the course of an update, beside its writes. */
export const updateDrawingHandler: Handler = {
  proves: "an update keeps the earlier digest, brings the image and moves the tag in the order that is drawn",
  blocks: ["docs/guides/how-it-works.md > Updates leave no gap > 2"],
  needs: ["terraform"],
  async run([drawing]) {
    const [head = "", ...rows] = (drawing?.text ?? "").trim().split("\n");
    const changes = rows.map((row) => {
      const [name = "", ...states] = row.split(/ {2,}/);
      return { name, at: states.findIndex((state, column) => column > 0 && state !== states[column - 1]) };
    });
    const order = changes.toSorted((a, b) => a.at - b.at).map(({ name }) => name);
    expect(head.split(/ {2,}/)).toHaveLength(5);
    expect(changes.map(({ at }) => at)).toEqual([1, 2, 3]);

    const { source, destination, workspace } = await mirrored();
    await pushTo(source, "team/app", "1", imageOf("B"));
    const plan = await workspace.plan();
    destination.resetCounts();
    await workspace.apply(plan);
    const rowOf = ({ kind, path }: RequestRecord): string => {
      if (kind === "manifest" && path.endsWith("/manifests/1")) return "1";
      return path.includes("/imagesync-previous.") ? "imagesync-previous.….1" : "layers and images of B";
    };
    const writes = destination.requests.filter(({ method }) => !["GET", "HEAD"].includes(method)).map(rowOf);
    expect(writes.filter((row, at) => row !== writes[at - 1])).toEqual(order);
  },
};

/** What goes first, beside the deletes that a registry has got. */
export const deleteDrawingHandler: Handler = {
  proves: "a destroy deletes tags, indexes, images and blobs in the order that docs/guides/deletes.md has drawn",
  blocks: ["docs/guides/deletes.md > The four steps > 1"],
  needs: ["terraform"],
  async run([drawing]) {
    const order = (drawing?.text ?? "")
      .trim()
      .split("\n")
      .map((line) => /[a-z]+/.exec(line)?.[0]);
    const { source, destination, workspace } = await mirrored();
    await pushTo(source, "team/app", "1", imageOf("B"));
    await workspace.apply();
    destination.resetCounts();
    await workspace.must(["destroy", "-auto-approve", "-input=false"]);
    const indexes = ["A", "B"].map((seed) => imageOf(seed).digest);
    const deleted = destination.requests.filter(({ method }) => method === "DELETE");
    const kinds = deleted.map((record) => {
      const what = named(record);
      if (what.endsWith("by tag")) return "tags";
      if (what.endsWith("blob")) return "blobs";
      return indexes.some((digest) => record.path.endsWith(digest)) ? "index" : "images";
    });
    expect(kinds.filter((kind, at) => kind !== kinds[at - 1])).toEqual(order);
  },
};

/** The three lines of time: what moves at the source, what terraform does, what the destination holds. */
export const memoryDrawingHandler: Handler = {
  proves: "an update lands the digest that its plan has shown although the tag has moved since, as it is drawn",
  blocks: ["docs/guides/how-it-works.md > Updates leave no gap > 1"],
  needs: ["terraform"],
  async run([drawing]) {
    const lineOf = (name: string): string =>
      (drawing?.text ?? "")
        .split("\n")
        .find((line) => line.startsWith(name))
        ?.padEnd(100) ?? "";
    const events = [
      ...eventsIn(lineOf("source"), /(?<=[ ─])[A-Z](?=[ ─])/g),
      ...eventsIn(lineOf("terraform"), /(?:plan|apply): [A-Z]/g),
    ].toSorted((a, b) => a.column - b.column || a.what.length - b.what.length);
    const { source, destination, workspace, config } = await setStage();
    const ends = { source: `${source.host}/team/app:1`, destination: `${destination.host}/mirror/app:1` };
    await workspace.write(config(mirror(ends)));
    const held: string[] = [];
    let plan = undefined as Awaited<ReturnType<typeof workspace.plan>> | undefined;
    for (const { what } of events) {
      const [verb, letter = verb] = what.split(": ");
      const { digest } = imageOf(letter ?? "");
      if (verb === letter) await pushTo(source, "team/app", "1", imageOf(what));
      else if (verb === "plan") {
        plan = await workspace.plan();
        expect(plan.after("imagesync.x")).toMatchObject({ source_digest: digest });
      } else {
        await workspace.apply(plan);
        expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ destination_digest: digest });
        held.push(letter ?? "");
      }
    }
    expect(events.map(({ what }) => what)).toEqual(["A", "apply: A", "B", "plan: B", "C", "apply: B", "plan: C"]);
    expect(lineOf("destination").match(/(?<=[ ─])[A-Z](?=[ ─])/g)).toEqual(held);
  },
};

function eventsIn(line: string, pattern: RegExp): { readonly column: number; readonly what: string }[] {
  return [...line.matchAll(pattern)].map((found) => ({ column: found.index, what: found[0] }));
}
