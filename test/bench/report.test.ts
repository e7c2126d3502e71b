import { describe, expect, test } from "vitest";
import type { Contestant } from "../../bench/contestants.ts";
import type { Result } from "../../bench/race.ts";
import { type Outcome, section, verdicts } from "../../bench/report.ts";
import { scenarios } from "../../bench/scenarios.ts";
import type { Tally } from "../../bench/tally.ts";

function result(name: string, walls: readonly number[], failure?: string): Result {
  const contestant: Contestant = { name, version: "1", ours: name === "imagesync" };
  const costs = walls.map((wall) => ({ wall, cpu: wall / 2, peak: 20 }));
  return { contestant, costs, ...(failure === undefined ? {} : { failure }) };
}

function counted(total: number): Tally {
  return { requests: { "GET blob": total }, total, down: 12_345_678, up: 1_000 };
}

function outcome(name: string, results: readonly Result[], tallies: Record<string, Tally> = {}): Outcome {
  const scenario = scenarios.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(name);
  return { scenario, results, tallies: new Map(Object.entries(tallies)), notes: [] };
}

describe("the table of a scenario", () => {
  test("has medians, and ratios to the fastest peer and to the fastest crane", () => {
    const text = section(
      outcome("sync-cold", [
        result("imagesync", [9, 1, 2]),
        result("crane -j8", [5, 5, 5]),
        result("crane -j32", [4, 4, 4]),
        result("oras, 8 processes", [1, 1, 1]),
      ]),
    );
    expect(text).toContain("| **imagesync** | 2.000 (1.000–9.000) | 2.00 | 0.50 | 1.00 | 20 | – | – | – |");
    expect(text).toContain("| crane -j8 | 5.000 (5.000–5.000) | 5.00 | 1.25 |");
  });

  test("says who failed, and never takes a failure for the best", () => {
    const text = section(
      outcome("sync-cold", [result("imagesync", [2, 2]), result("crane -j8", [1], "exit code 1\nlong")]),
    );
    expect(text).toContain("| crane -j8 | FAILED: exit code 1 |");
    expect(text).toContain("| **imagesync** | 2.000 (2.000–2.000) | – | – |");
  });

  test("shows exact requests and bytes where they were counted", () => {
    const text = section(outcome("sync-cold", [result("crane -j8", [1])], { "crane -j8": counted(17) }));
    expect(text).toContain("| 17 | 12 | 0.00 |");
    expect(text).toContain("| requests | GET blob |");
  });
});

describe("the promises", () => {
  test("are met when there are fewer requests than each peer makes, and it is faster than crane", () => {
    const text = verdicts([
      outcome("sync-cold", [result("imagesync", [1]), result("crane -j8", [2])], {
        imagesync: counted(10),
        "crane -j8": counted(11),
      }),
    ]);
    expect(text).toContain("- met: sync-cold: fewer requests");
    expect(text).toContain("- met: sync-cold: faster than each peer (1.00 s; crane -j8 2.00 s)");
  });

  test("are not met when a single peer is as fast", () => {
    const results = [result("imagesync", [2]), result("crane -j8", [3]), result("regsync", [2])];
    expect(verdicts([outcome("sync-noop", results)])).toBe(
      "## Promises\n- NOT MET: sync-noop: faster than each peer (2.00 s; crane -j8 3.00 s, regsync 2.00 s)",
    );
  });

  test.each([
    [{ "HEAD manifest": 600, "GET tags": 1 }, "met"],
    [{ "HEAD manifest": 601 }, "NOT MET"],
    [{ "HEAD manifest": 300, "GET manifest": 1 }, "NOT MET"],
  ])("of a no-op are a HEAD a side and tag and no manifest read: %j", (requests, verdict) => {
    const counts: Tally = { requests, total: 0, down: 0, up: 0 };
    expect(verdicts([outcome("sync-noop", [result("imagesync", [1])], { imagesync: counts })])).toContain(
      `- ${verdict}: sync-noop: at most a HEAD a side and tag`,
    );
  });

  test("are not met by equal numbers, nor by figures without peers", () => {
    const equal = verdicts([
      outcome("sync-cold", [result("imagesync", [2]), result("crane -j8", [2])], {
        imagesync: counted(10),
        "crane -j8": counted(10),
      }),
    ]);
    expect(equal.match(/NOT MET/g)).toHaveLength(2);
    const alone = verdicts([outcome("cold-image", [result("imagesync", [2])], { imagesync: counted(10) })]);
    expect(alone).toContain("NOT MET");
  });

  test("are silent about a run without imagesync", () => {
    expect(verdicts([outcome("sync-cold", [result("crane -j8", [2])], { "crane -j8": counted(1) })])).toBe("");
  });
});
