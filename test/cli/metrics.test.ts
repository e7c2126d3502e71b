import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RunMetrics } from "../../cli/metrics.ts";
import type { ImageResult, Outcome } from "../../cli/sync/result.ts";
import { parseMetrics } from "./prometheus.ts";

function result(rule: string, outcome: Outcome, more: Partial<ImageResult> = {}): ImageResult {
  return {
    rule,
    outcome,
    source: "s.example/app:1",
    destination: "d.example/app:1",
    registry: "d.example",
    bytes: 100,
    blobs: { copied: 2, mounted: 1, present: 0 },
    ...more,
  };
}

describe("the metrics of a run", () => {
  test("count images by rule and outcome, and bytes by registry", () => {
    const metrics = new RunMetrics();
    metrics.add(result("one", "copied"));
    metrics.add(result("one", "unchanged", { bytes: 0 }));
    metrics.add(result("one", "deleted", { action: "delete" }));
    metrics.add(result("two", "failed", { registry: "e.example" }));
    metrics.add(result("two", "conflict"));
    metrics.leave("three");
    metrics.begin("four");
    metrics.rateLimit("s.example", 76);
    metrics.requests({ registry: "s.example", method: "GET", status: 200, count: 7 });
    metrics.requests({ registry: "s.example", method: "GET", status: undefined, count: 1 });
    metrics.ended("one", 1000);
    metrics.ended("one", 2500);
    metrics.took(4250);
    const samples = parseMetrics(metrics.render(1_700_000_000_400));
    const value = (name: string, labels: Record<string, string>): number | undefined =>
      samples.find((sample) => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels))?.value;
    const tasks = (policy: string, operation: string, status: string): number | undefined =>
      value("imagesync_tasks_total", { policy, operation, status });
    expect(tasks("one", "copy", "succeeded")).toBe(2);
    expect(tasks("one", "delete", "succeeded")).toBe(1);
    expect(tasks("two", "copy", "failed")).toBe(1);
    expect(tasks("two", "copy", "conflict")).toBe(1);
    expect(value("imagesync_transferred_bytes_total", { registry: "d.example", direction: "push" })).toBe(300);
    expect(value("imagesync_transferred_bytes_total", { registry: "e.example", direction: "push" })).toBe(100);
    expect(value("imagesync_blobs_total", { result: "copied" })).toBe(10);
    expect(value("imagesync_registry_ratelimit_remaining", { registry: "s.example" })).toBe(76);
    const requests = (code: string): number | undefined =>
      value("imagesync_registry_requests_total", { registry: "s.example", method: "GET", code });
    expect([requests("200"), requests("none"), requests("404")]).toEqual([7, 1, undefined]);
    expect(value("imagesync_run_duration_seconds", {})).toBe(4.25);
    expect(value("imagesync_policy_duration_seconds", { policy: "one" })).toBe(2.5);
    expect(value("imagesync_policy_duration_seconds", { policy: "three" })).toBeUndefined();
    const drift = ["one", "two", "three", "four"].map((policy) => value("imagesync_policy_drift", { policy }));
    expect(drift).toEqual([0, 2, 1, 0]);
    const success = samples.filter(({ name }) => name === "imagesync_policy_last_success_timestamp_seconds");
    expect(success.map(({ labels, value }) => [labels["policy"], value])).toEqual([
      ["four", 1_700_000_000],
      ["one", 1_700_000_000],
    ]);
  });

  test("keep when a rule was last in place, while it is not", () => {
    const good = new RunMetrics();
    for (const rule of ["one", 'a "b"\\\n']) good.add(result(rule, "copied"));
    const bad = new RunMetrics();
    bad.takeOver(good.render(1000_000));
    bad.takeOver("imagesync_policy_last_success_timestamp_seconds{} x\nsomething else");
    for (const rule of ["one", 'a "b"\\\n', "new"]) bad.add(result(rule, "failed"));
    const success = parseMetrics(bad.render(2000_000)).filter(({ name }) => name.endsWith("_timestamp_seconds"));
    expect(new Map(success.map(({ labels, value }) => [labels["policy"], value]))).toEqual(
      new Map([
        ["one", 1000],
        ['a "b"\\\n', 1000],
      ]),
    );
  });

  test("of a run without rules are a file that can be read", () => {
    const names = new Set(parseMetrics(new RunMetrics().render(0)).map(({ name }) => name));
    expect(names).toEqual(new Set(["imagesync_blobs_total"]));
  });

  test("can be read whatever the rules are called", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "binary" }), { minLength: 1 }), (rules) => {
        const metrics = new RunMetrics();
        for (const rule of rules) metrics.add(result(rule, "copied"));
        const samples = parseMetrics(metrics.render(1000));
        const policies = samples.filter(({ name }) => name === "imagesync_policy_drift");
        expect(new Set(policies.map(({ labels }) => labels["policy"]))).toEqual(new Set(rules));
      }),
    );
  });
});
