import { median, requestTable, table, verdict } from "../report.ts";
import type { Growth } from "./growth.ts";
import type { RemovalResult } from "./race.ts";
import { freeable, ideal, type Remains, worst } from "./remains.ts";
import type { DoomedRepository } from "./repository.ts";

/** All that is known when the scenario is over. */
export interface RemovalOutcome {
  readonly doomed: DoomedRepository;
  readonly results: readonly RemovalResult[];
  readonly growth: readonly Growth[];
}

/** The tables, and what the project promises about them; Markdown. */
export function removalSection({ doomed, results, growth }: RemovalOutcome): string {
  const { tags, removals } = doomed;
  const staying = tags.size - removals.length;
  const unneeded = freeable(doomed);
  const columns = [
    "",
    "wall s",
    "CPU s",
    "peak MB",
    "requests",
    `gone, of ${removals.length} tags`,
    "tags lost",
    `whole, of ${staying} tags`,
    `manifests left, of ${unneeded.manifests.size}`,
    `blobs left, of ${unneeded.blobs.size}`,
  ];
  const rows = results.map(({ remover, costs, remains, requests, failure }) => {
    const name = remover.ours ? `**${remover.name}**` : remover.name;
    if (failure !== undefined) {
      return [name, `FAILED: ${failure.split("\n", 1)[0] ?? ""}`, ...columns.slice(2).map(() => "")];
    }
    const walls = costs.map((cost) => cost.wall);
    const left = worst(remains);
    return [
      name,
      `${median(walls).toFixed(2)} (${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)})`,
      median(costs.map((cost) => cost.cpu)).toFixed(2),
      Math.max(...costs.map((cost) => cost.peak)).toFixed(0),
      String(total(requests)),
      ...[left.removed, left.lost, left.whole, left.manifests, left.blobs].map(String),
    ];
  });
  const counted = new Map(results.map(({ remover, requests }) => [remover.name, { requests }]));
  const parts = [
    `## delete: ${removals.length} of ${tags.size} tags are removed from one repository`,
    notes(doomed),
    table(columns, rows),
    requestTable(counted),
  ];
  if (growth.length > 0) parts.push(growthTable(growth));
  parts.push(["Promises:", "", ...removalPromises({ doomed, results, growth }).map(({ line }) => line)].join("\n"));
  return parts.join("\n\n");
}

/** What imagesync promises of its removals, and whether these show it. */
export function removalPromises({ doomed, results }: RemovalOutcome): readonly { met: boolean; line: string }[] {
  const replays = results.filter(({ remover }) => remover.version === "replayed");
  const wanted = ideal(doomed);
  return results
    .filter(({ remover }) => remover.ours)
    .flatMap(({ remover, remains, requests, failure }) => {
      const clean = failure === undefined && remains.length > 0 && remains.every((left) => same(left, wanted));
      const words = "all that was to go is gone, all that was to stay pulls completely, after every run";
      const promises = [promise(clean, `${remover.name}: ${words}`)];
      const least = Math.min(...replays.map((replay) => total(replay.requests)));
      if (replays.length > 0 && total(requests) > 0) {
        const comparison = `${total(requests)}, the replay ${least}`;
        promises.push(
          promise(total(requests) < least, `${remover.name}: fewer requests than the replay (${comparison})`),
        );
      }
      return promises;
    });
}

function promise(met: boolean, words: string): { met: boolean; line: string } {
  return { met, line: verdict(met, words) };
}

function notes({ tags, removals }: DoomedRepository): string {
  const holders = new Map<string, number>();
  for (const image of tags.values()) holders.set(image.digest, (holders.get(image.digest) ?? 0) + 1);
  const shared = removals.filter(({ digest }) => (holders.get(digest) ?? 0) > 1).length;
  return [
    `${holders.size} images on 6 bases; ${shared} of the removed tags share their image with a tag that stays. Each run has a fresh copy of the repository.`,
    "What remains is looked at after every run; the worst is shown. Left are manifests and blobs that only the removed tags had.",
    "The replay does what another provider does, in a script of ours: its times are not those of the original, its requests are. The original stops at docker-registry 2.8 with an error; several at a time, it fails where a tag that it has listed is gone.",
    "crane and skopeo delete the digest: every other tag of it goes along. None of them looks at layers.",
  ].join("\n");
}

function growthTable(growth: readonly Growth[]): string {
  const rows = growth.map(({ tags, removed, requests }) => {
    const count = (kind: string): string => String(requests[kind] ?? 0);
    const perTag = (total(requests) / tags).toFixed(1);
    return [
      `${tags} tags, ${removed} removed`,
      count("HEAD manifest"),
      count("GET manifest"),
      String(total(requests)),
      perTag,
    ];
  });
  const title = "How the requests grow with the repository, imagesync, all removals at once:";
  return [title, table(["", "HEAD manifest", "GET manifest", "requests", "requests by tag"], rows)].join("\n\n");
}

function total(requests: Readonly<Record<string, number>>): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}

function same(left: Remains, wanted: Remains): boolean {
  return (Object.keys(wanted) as (keyof Remains)[]).every((key) => left[key] === wanted[key]);
}
