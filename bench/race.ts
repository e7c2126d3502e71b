import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exchange } from "../test/support/images/index.ts";
import { type Arena, destinationRepository, sourceRepository } from "./arena.ts";
import type { Contestant, Side } from "./contestants.ts";
import { type DelayLink, delayLink } from "./delay-link.ts";
import type { Tags } from "./fixtures.ts";
import { type Command, type Cost, measure } from "./measure.ts";
import type { Scenario } from "./scenarios.ts";

/** Hosts of source and destination. */
type Ends = readonly [source: string, destination: string];

/** Whether a contestant takes part. */
export function competes(scenario: Scenario, contestant: Contestant): boolean {
  const command = scenario.copies === "tag" ? contestant.copyTag : contestant.copyRepository;
  return command !== undefined && !(scenario.without ?? []).includes(contestant.name);
}

/** What a contestant does in a scenario, between these hosts; `folder` is for files that it needs. */
export async function commandFor(
  scenario: Scenario,
  contestant: Contestant,
  [source, destination]: Ends,
  folder: string,
): Promise<Command> {
  const from: Side = { host: source, repository: sourceRepository };
  const to: Side = { host: destination, repository: destinationRepository };
  const command =
    scenario.copies === "tag"
      ? contestant.copyTag?.(from, to, "v1")
      : await contestant.copyRepository?.(from, to, folder);
  if (command === undefined) throw new Error(`${contestant.name} does not compete in ${scenario.name}`);
  return command;
}

/** All costs of one contestant in one scenario, or why there are none. */
export interface Result {
  readonly contestant: Contestant;
  readonly costs: Cost[];
  failure?: string;
}

/**
 * Times the contestants in turn, in another order each time, so that what else the machine does falls on all alike.
 * Every copy is compared with the source: a contestant that brings something else fails.
 */
export async function race(
  scenario: Scenario,
  arena: Arena,
  contestants: readonly Contestant[],
  repeat: number,
): Promise<readonly Result[]> {
  const results = contestants.map((contestant): Result => ({ contestant, costs: [] }));
  for (let round = 0; round < repeat; round += 1) {
    const start = round % results.length;
    for (const result of [...results.slice(start), ...results.slice(0, start)]) {
      if (result.failure !== undefined) continue;
      try {
        result.costs.push(await timedCopy(scenario, arena, result.contestant));
      } catch (error) {
        result.failure = (error as Error).message;
      }
    }
  }
  return results;
}

/** One copy, timed from the start of the process to its end. */
async function timedCopy(scenario: Scenario, arena: Arena, contestant: Contestant): Promise<Cost> {
  const destination = await arena.lease();
  const links: DelayLink[] = [];
  const home = await mkdtemp(join(tmpdir(), "imagesync-bench-home-"));
  try {
    const ends: Ends = [arena.source, destination.host];
    if (scenario.roundTrip !== undefined) {
      for (const host of ends) links.push(await delayLink(host, scenario.roundTrip));
    }
    const [from, to] = links;
    const command = await commandFor(scenario, contestant, from && to ? [from.host, to.host] : ends, home);
    const cost = await measure(command, environment(home));
    await expectTags(destination.host, destinationRepository, arena.tags);
    return cost;
  } finally {
    await Promise.all(links.map((link) => link.close()));
    await destination.release();
    await rm(home, { recursive: true, force: true });
  }
}

/** Nothing of the user's settings, logins or caches reaches a contestant. */
export function environment(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home };
}

/** @throws unless every tag points at the manifest that the source has. The registry itself checks what is below. */
export async function expectTags(host: string, repository: string, tags: Tags): Promise<void> {
  for (const [tag, image] of tags) {
    const target = `/v2/${repository}/manifests/${tag}`;
    const { status, headers } = await exchange(
      { host },
      { method: "HEAD", target, headers: { accept: image.mediaType } },
    );
    const found = headers["docker-content-digest"];
    if (status !== 200 || found !== image.digest) {
      throw new Error(
        `${repository}:${tag} is ${String(found ?? status)} after the copy, the source is ${image.digest}`,
      );
    }
  }
}
