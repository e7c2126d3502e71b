import { expect, test } from "vitest";
import type { Remover } from "../../../bench/deletes/contestants.ts";
import type { RemovalResult } from "../../../bench/deletes/race.ts";
import { ideal, type Remains } from "../../../bench/deletes/remains.ts";
import { removalPromises, removalSection } from "../../../bench/deletes/report.ts";
import { doomedRepository } from "../../../bench/deletes/repository.ts";

const doomed = doomedRepository(20, 3);

function result(name: string, requests: number, remains: Remains, failure?: string): RemovalResult {
  const remover: Remover = {
    name,
    version: name === "replay" ? "replayed" : "1",
    ours: name === "imagesync",
    command: () => [name],
  };
  return {
    remover,
    costs: [2, 1, 9].map((wall) => ({ wall, cpu: wall / 2, peak: 20 })),
    remains: [ideal(doomed), remains],
    requests: { "HEAD manifest": requests },
    ...(failure === undefined ? {} : { failure }),
  };
}

const met = (results: readonly RemovalResult[]): boolean[] =>
  removalPromises({ doomed, results, growth: [] }).map((promise) => promise.met);

test("the table has medians, counted requests, and the worst that remains", () => {
  const lossy = { removed: 3, lost: 1, whole: 16, manifests: 0, blobs: 6 };
  const growth = [{ tags: 100, removed: 10, requests: { "HEAD manifest": 300, "GET manifest": 90 } }];
  const text = removalSection({ doomed, results: [result("crane", 6, lossy)], growth });
  expect(text).toContain("## delete: 3 of 20 tags are removed");
  expect(text).toContain("1 of the removed tags share their image with a tag that stays");
  expect(text).toContain("| crane | 2.00 (1.00–9.00) | 1.00 | 20 | 6 | 3 | 1 | 16 | 0 | 6 |");
  expect(text).toContain("| 100 tags, 10 removed | 300 | 90 | 390 | 3.9 |");
});

test("who failed is named, with the first line of the reason", () => {
  const text = removalSection({
    doomed,
    results: [result("crane", 6, ideal(doomed), "exit code 1\nlong")],
    growth: [],
  });
  expect(text).toContain("| crane | FAILED: exit code 1 |  |  |  |  |  |  |  |  |\n");
  expect(text).not.toContain("second line");
});

test("the promises are met by an ideal removal with fewer requests than the replay", () => {
  expect(met([result("imagesync", 5, ideal(doomed)), result("replay", 6, ideal(doomed))])).toEqual([true, true]);
});

test.each(["removed", "whole", "lost", "manifests", "blobs"] as const)(
  "one run with another figure for %s breaks the promise",
  (figure) => {
    const left = { ...ideal(doomed), [figure]: ideal(doomed)[figure] + 1 };
    expect(met([result("imagesync", 5, left)])).toEqual([false]);
  },
);

test("as many requests as the replay, or a failure, break a promise", () => {
  expect(met([result("imagesync", 6, ideal(doomed)), result("replay", 6, ideal(doomed))])).toEqual([true, false]);
  expect(met([result("imagesync", 5, ideal(doomed), "exit code 1")])).toEqual([false]);
});
