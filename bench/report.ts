import { cpus, loadavg, totalmem } from "node:os";
import type { Contestant } from "./contestants.ts";
import { tagsOfSets } from "./fixtures.ts";
import type { Result } from "./race.ts";
import type { Scenario } from "./scenarios.ts";
import type { Tally } from "./tally.ts";

/** What is known of a scenario when it is over. */
export interface Outcome {
  readonly scenario: Scenario;
  readonly results: readonly Result[];
  /** By name of contestant; none when requests were not counted. */
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Lines about the conditions: what a link lets through. */
  readonly notes: readonly string[];
}

/** The machine and the versions, without which no figure means anything. */
export function heading(contestants: readonly Contestant[], storage: string): string {
  const processors = cpus();
  const versions = new Map(contestants.map(({ name, version }) => [name.split(/[ ,]/)[0] ?? name, version]));
  return [
    "# imagesync beside its peers",
    "",
    `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}, ` +
      `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ` +
      `registries: docker-registry on loopback, stored in ${storage}. Load average before the start: ${loadavg()[0]?.toFixed(1) ?? "unknown"}.`,
    `Contestants: ${[...versions].map(([name, version]) => `${name} ${version}`).join(", ")}.`,
    "",
    "Times are medians of runs that took turns (least to most in brackets); only ratios inside one table mean anything.",
    "CPU is user and system time of the client. Requests and bytes are exact, of both registries together.",
    "oras does not compare the content it copies with its digest, the others do.",
  ].join("\n");
}

/** The tables of one scenario, Markdown. */
export function section({ scenario, results, tallies, notes }: Outcome): string {
  const best = fastest(results.filter(({ contestant }) => !contestant.ours));
  const crane = fastest(results.filter(({ contestant }) => contestant.name.startsWith("crane")));
  const rows = results.map(({ contestant, costs, failure }) => {
    const name = contestant.ours ? `**${contestant.name}**` : contestant.name;
    if (failure !== undefined) return [name, `FAILED: ${failure.split("\n", 1)[0] ?? ""}`, "", "", "", "", "", "", ""];
    const walls = costs.map((cost) => cost.wall);
    const wall = median(walls);
    const counted = tallies.get(contestant.name);
    return [
      name,
      `${wall.toFixed(3)} (${Math.min(...walls).toFixed(3)}–${Math.max(...walls).toFixed(3)})`,
      ratio(wall, best),
      ratio(wall, crane),
      median(costs.map((cost) => cost.cpu)).toFixed(2),
      Math.max(...costs.map((cost) => cost.peak)).toFixed(0),
      counted === undefined ? "–" : String(counted.total),
      counted === undefined ? "–" : megabytes(counted.down),
      counted === undefined ? "–" : megabytes(counted.up),
    ];
  });
  const columns = ["", "wall s", "of the best peer", "of crane", "CPU s", "peak MB", "requests", "MB read", "MB sent"];
  const parts = [`## ${scenario.name}: ${scenario.title}`, ...notes, table(columns, rows)];
  if (tallies.size > 0) parts.push(requestTable(tallies));
  return parts.join("\n\n");
}

/** What the project promises, and whether this run shows it. */
export function verdicts(outcomes: readonly Outcome[]): string {
  const lines: string[] = [];
  for (const { scenario, results, tallies } of outcomes) {
    const ours = results.find(({ contestant }) => contestant.ours);
    const crane = fastest(results.filter(({ contestant }) => contestant.name.startsWith("crane")));
    if (ours === undefined) continue;
    const own = tallies.get(ours.contestant.name);
    if (scenario.state === "cold" && own !== undefined) {
      const others = [...tallies].filter(([name]) => name !== ours.contestant.name);
      const fewer = others.length > 0 && others.every(([, counted]) => own.total < counted.total);
      const counts = others.map(([name, counted]) => `${name} ${counted.total}`).join(", ");
      lines.push(verdict(fewer, `${scenario.name}: fewer requests than each peer (${own.total}; ${counts})`));
    }
    if (ours.costs.length === 0) continue;
    const wall = median(ours.costs.map((cost) => cost.wall));
    if (scenario.copies === "repository") {
      const peers = results.filter(({ contestant, costs }) => !contestant.ours && costs.length > 0);
      const walls = peers.map(({ costs }) => median(costs.map((cost) => cost.wall)));
      const words = peers
        .map(({ contestant }, at) => `${contestant.name} ${(walls[at] ?? NaN).toFixed(2)} s`)
        .join(", ");
      const faster = walls.length > 0 && walls.every((other) => wall < other);
      lines.push(verdict(faster, `${scenario.name}: faster than each peer (${wall.toFixed(2)} s; ${words})`));
    }
    if (scenario.name === "sync-noop" && own !== undefined) {
      const heads = own.requests["HEAD manifest"] ?? 0;
      const reads = own.requests["GET manifest"] ?? 0;
      const words = `${heads} HEAD for ${tagsOfSets} tags, ${reads} GET of a manifest`;
      lines.push(
        verdict(heads <= 2 * tagsOfSets && reads === 0, `sync-noop: at most a HEAD a side and tag (${words})`),
      );
    }
    if (scenario.name === "huge-layer" && crane !== undefined) {
      const words = `${wall.toFixed(2)} s against ${crane.toFixed(2)} s`;
      lines.push(verdict(wall <= crane, `huge-layer: no slower than crane (${words})`));
    }
  }
  return lines.length === 0 ? "" : ["## Promises", ...lines].join("\n");
}

/** A line about one promise. */
export function verdict(met: boolean, words: string): string {
  return `- ${met ? "met" : "NOT MET"}: ${words}`;
}

/** Requests by kind, a line for each contestant. */
export function requestTable(tallies: ReadonlyMap<string, Pick<Tally, "requests">>): string {
  const kinds = [...new Set([...tallies.values()].flatMap(({ requests }) => Object.keys(requests)))].sort();
  const rows = [...tallies].map(([name, { requests }]) => [name, ...kinds.map((kind) => String(requests[kind] ?? 0))]);
  return table(["requests", ...kinds], rows);
}

/** A Markdown table whose first column is words and whose others are figures. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(columns), line(columns.map((_, at) => (at === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

/** The least median of those that finished. */
function fastest(results: readonly Result[]): number | undefined {
  const walls = results
    .filter(({ costs, failure }) => costs.length > 0 && failure === undefined)
    .map(({ costs }) => median(costs.map((cost) => cost.wall)));
  return walls.length === 0 ? undefined : Math.min(...walls);
}

function ratio(wall: number, reference: number | undefined): string {
  return reference === undefined ? "–" : (wall / reference).toFixed(2);
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 2 : 0);
}
