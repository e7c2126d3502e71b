import { readFile, stat } from "node:fs/promises";
import type { RequestCount } from "../engine/index.ts";
import type { ImageResult, Outcome } from "./sync/result.ts";
import { type SideFile, writeSideFile } from "./unwritten.ts";

/** How the outcomes of images are called among tasks. */
const statusOf: Readonly<Record<Outcome, string>> = {
  copied: "succeeded",
  unchanged: "succeeded",
  deleted: "succeeded",
  failed: "failed",
  conflict: "conflict",
  left: "stopped",
};

const maxEarlierBytes = 16 * 1024 * 1024;

const successLine =
  /^imagesync_policy_last_success_timestamp_seconds(\{policy="(?:[^"\\\n]|\\[\\"n])*"\}) (\d{1,12})$/gm;

interface Policy {
  readonly tasks: Map<string, number>;
  /** Images that are not, or not known to be, as the rule wants them. */
  drift: number;
  endedAfterMs?: number;
}

/** What one run did, by rule and by registry, never by tag or digest: those would grow without end. */
export class RunMetrics {
  readonly #policies = new Map<string, Policy>();
  readonly #bytes = new Map<string, number>();
  readonly #blobs = { copied: 0, mounted: 0, present: 0 };
  readonly #rateLimits = new Map<string, number>();
  readonly #requests = new Map<string, number>();
  #durationMs: number | undefined;
  /** Labels to the time of success that an earlier run has written. */
  readonly #earlier = new Map<string, number>();

  /** Counts one result. */
  add(result: ImageResult): void {
    const policy = this.#policy(result.rule);
    const operation = result.action === "delete" ? "delete" : "copy";
    const key = labels({ policy: result.rule, operation, status: statusOf[result.outcome] });
    policy.tasks.set(key, (policy.tasks.get(key) ?? 0) + 1);
    if (!isInPlace(result.outcome)) policy.drift += 1;
    this.#bytes.set(result.registry, (this.#bytes.get(result.registry) ?? 0) + result.bytes);
    this.#blobs.copied += result.blobs.copied;
    this.#blobs.mounted += result.blobs.mounted;
    this.#blobs.present += result.blobs.present;
  }

  /** Notes a rule, which can turn out to have no images at all. */
  begin(rule: string): void {
    this.#policy(rule);
  }

  /** Notes a rule that was not begun: what it has to do is not known. */
  leave(rule: string): void {
    this.#policy(rule).drift += 1;
  }

  /** Notes how many requests a registry still allows. */
  rateLimit(registry: string, remaining: number): void {
    this.#rateLimits.set(registry, remaining);
  }

  /** Notes how many requests of a kind there were. */
  requests({ registry, method, status, count }: RequestCount): void {
    this.#requests.set(labels({ registry, method, code: status === undefined ? "none" : String(status) }), count);
  }

  /** Notes that the last image of a rule so far has ended, so many milliseconds after the run began. */
  ended(rule: string, afterMs: number): void {
    this.#policy(rule).endedAfterMs = afterMs;
  }

  /** Notes how long the whole run has taken. */
  took(durationMs: number): void {
    this.#durationMs = durationMs;
  }

  /** Takes over from an earlier run's text when rules were last in place: an alarm must not end with a failure. */
  takeOver(text: string): void {
    for (const [, key = "", time] of text.matchAll(successLine)) this.#earlier.set(key, Number(time));
  }

  /**
   * The text form of Prometheus, for the textfile collector of its node exporter. `nowMs` is when the run ended.
   * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
   */
  render(nowMs: number): string {
    const policies = [...this.#policies].sort(([one], [other]) => (one < other ? -1 : 1));
    return [
      family(
        "imagesync_tasks_total",
        "counter",
        "Images of the last run, by rule and by how they ended.",
        policies.flatMap(([, { tasks }]) => [...tasks].map(([key, value]): Sample => [key, value])),
      ),
      family(
        "imagesync_transferred_bytes_total",
        "counter",
        "Bytes of blobs that the last run sent to a registry.",
        [...this.#bytes].map(([registry, value]): Sample => [labels({ registry, direction: "push" }), value]),
      ),
      family(
        "imagesync_blobs_total",
        "counter",
        "Blobs of the last run, by how they came to be there.",
        Object.entries(this.#blobs).map(([result, value]): Sample => [labels({ result }), value]),
      ),
      family(
        "imagesync_registry_requests_total",
        "counter",
        "Requests of the last run, by registry and by the status of the answer.",
        [...this.#requests],
      ),
      family(
        "imagesync_registry_ratelimit_remaining",
        "gauge",
        "Requests that a registry still allows.",
        [...this.#rateLimits].map(([registry, value]): Sample => [labels({ registry }), value]),
      ),
      family(
        "imagesync_run_duration_seconds",
        "gauge",
        "How long the last run has taken.",
        this.#durationMs === undefined ? [] : [["", this.#durationMs / 1000]],
      ),
      family(
        "imagesync_policy_duration_seconds",
        "gauge",
        "How long after the beginning of the last run the last image of a rule had ended.",
        policies.flatMap(([policy, { endedAfterMs }]): Sample[] =>
          endedAfterMs === undefined ? [] : [[labels({ policy }), endedAfterMs / 1000]],
        ),
      ),
      family(
        "imagesync_policy_drift",
        "gauge",
        "Images of a rule that the last run has not put in place.",
        policies.map(([policy, { drift }]): Sample => [labels({ policy }), drift]),
      ),
      family(
        "imagesync_policy_last_success_timestamp_seconds",
        "gauge",
        "When a rule was last in place.",
        policies.flatMap(([policy, { drift }]): Sample[] => {
          const key = labels({ policy });
          const time = drift === 0 ? Math.round(nowMs / 1000) : this.#earlier.get(key);
          return time === undefined ? [] : [[key, time]];
        }),
      ),
    ].join("");
  }

  #policy(name: string): Policy {
    const known = this.#policies.get(name);
    if (known !== undefined) return known;
    const policy: Policy = { tasks: new Map(), drift: 0 };
    this.#policies.set(name, policy);
    return policy;
  }
}

/** What messages call the file. */
export const metricsFile: Omit<SideFile, "file"> = { what: "the metrics", flag: "--metrics-file" };

/** Writes the file so that a collector never sees half of it. @throws UsageError */
export async function writeMetrics(file: string, metrics: RunMetrics, nowMs: number): Promise<void> {
  metrics.takeOver(await earlierText(file));
  await writeSideFile(file, metricsFile, () => metrics.render(nowMs));
}

type Sample = readonly [labels: string, value: number];

/** What was there may be anybody's: of a file that is too large, or cannot be read, nothing is taken over. */
async function earlierText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    return size > maxEarlierBytes ? "" : await readFile(file, "utf8");
  } catch {
    // Most often there was none; and if not even a file can be written, that is told.
    return "";
  }
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labels(values: Readonly<Record<string, string>>): string {
  return `{${Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function isInPlace(outcome: Outcome): boolean {
  return outcome === "copied" || outcome === "unchanged" || outcome === "deleted";
}
