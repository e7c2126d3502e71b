import { describe, expect, test } from "vitest";
import type { Handling } from "../../embedded-registry/index.ts";
import { type Digest, retentionTag } from "../../engine/index.ts";
import { startPair } from "../engine/pair.ts";
import { buildImage, buildIndex, push } from "../support/images/index.ts";
import { type Passing, type Window, windows } from "./delete/windows.ts";

/** How a request went, in milliseconds. */
interface Timed extends Passing {
  readonly arrivedAt: number;
  readonly answeredAt: number;
}

/** One window as it was: how much is asked and deleted in it, and how long it was open, in milliseconds. */
interface Measured {
  readonly name: Window["name"];
  readonly reads: number;
  readonly harms: number;
  readonly durationMs: number;
}

/** The windows in a row of requests: from the answer of the opener to that of the last harm. */
function measure(requests: readonly Timed[], removes: (tag: string) => boolean): Measured[] {
  return windows.flatMap((window) =>
    requests.flatMap((opener, position): Measured[] => {
      if (!window.opens(opener)) return [];
      const following = requests.slice(position + 1);
      const harms = (request: Passing, last?: Passing): boolean => window.harms(request, opener, removes, last);
      const first = following.findIndex((request) => !window.reads(request));
      const rest = first < 0 ? [] : following.slice(first);
      const end = rest.findIndex((request, number) => !harms(request, rest[number - 1]));
      const row = end < 0 ? rest : rest.slice(0, end);
      if (row.length === 0) return [];
      const last = Math.max(...row.map(({ answeredAt }) => answeredAt));
      return [{ name: window.name, reads: first, harms: row.length, durationMs: last - opener.answeredAt }];
    }),
  );
}

const platforms = ["amd64", "arm64", "s390x"].map((name) =>
  buildImage({ seed: name, layers: [{ size: 900, seed: "base" }, 700, 800, 900] }),
);
const image = buildIndex({ children: platforms });
const digest = image.digest as Digest;
const earlier = buildIndex({ children: [...platforms.slice(0, 1), buildImage({ seed: "earlier", layers: [500] })] });

describe.each([
  ["deletes tags", {}],
  ["deletes digests only", { tagDelete: false }],
  ["has no referrers API", { referrersApi: false }],
])("at a registry that %s", (name, options) => {
  test("all that a destroy deletes is deleted in a window, and the windows are as long as is printed", async () => {
    const requests: Timed[] = [];
    const handling: Handling = async ({ request, route, query }, next) => {
      const arrivedAt = performance.now();
      try {
        return await next();
      } finally {
        const { kind, reference } = route;
        requests.push({
          method: request.method ?? "",
          kind,
          reference,
          query,
          arrivedAt,
          answeredAt: performance.now(),
        });
      }
    };
    const pair = await startPair({ destination: { ...options, handling } });
    const at = { host: pair.destination.host, repository: "to/app" };
    // A repository as a project's: many tags that share a layer with the image, each an image of its own.
    for (let number = 0; number < 50; number += 1) {
      const layers = [{ size: 900, seed: "base" }, 300];
      await push(buildImage({ seed: `other ${number}`, layers }), { ...at, tag: `v${number}` });
    }
    const held = retentionTag("1", earlier.digest as Digest);
    await push(earlier, { ...at, tag: held });
    await push(image, { ...at, tag: "1" });
    requests.length = 0;
    const removal = { expectDigest: digest, previous: [earlier.digest as Digest] };
    const report = await pair.engine.remove(pair.at("to/app:1"), removal);
    expect(report).toMatchObject({ untagged: true, tags: [held], skipped: [] });
    expect(report.manifests).toHaveLength(6);

    const row = requests.toSorted((a, b) => a.arrivedAt - b.arrivedAt);
    const measured = measure(row, (tag) => tag === "1" || tag === held);
    const isStandIn = ({ reference }: Passing): boolean =>
      ![image, earlier].some((one) => [one, ...one.children].some((known) => known.digest === reference));
    const harmful = row.filter(
      (request) =>
        request.method === "DELETE" &&
        (request.kind === "blob" || (request.kind === "manifest" && !isStandIn(request))) &&
        (request.kind === "blob" || request.reference.includes(":")),
    );
    const swept = measured.filter((one) => one.name === "sweep");
    expect(swept.reduce((sum, { harms }) => sum + harms, 0)).toBe(harmful.length);
    expect(measured.filter((one) => one.name === "untag").every(({ reads, harms }) => reads === 0 && harms === 1)).toBe(
      true,
    );
    for (const { name: window, reads, harms, durationMs } of measured) {
      process.stdout.write(
        `Window at a registry that ${name}, ${window}: ${reads} reads, then ${harms} deletes, ${durationMs.toFixed(1)} ms\n`,
      );
    }
  });
});
