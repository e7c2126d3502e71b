import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { push } from "../../test/support/images/index.ts";
import { countingProxy } from "../../test/support/registries/counting-proxy.ts";
import { destinationRepository } from "../arena.ts";
import { type BenchRegistry, startDockerRegistry } from "../docker-registry.ts";
import { type Cost, measure } from "../measure.ts";
import { environment } from "../race.ts";
import type { Remover } from "./contestants.ts";
import { inspectRemains, type Remains } from "./remains.ts";
import { writeRemovals } from "./removal-list.ts";
import type { DoomedRepository } from "./repository.ts";

/** What removing cost one contestant, what he asked, and what each of his runs has left. */
export interface RemovalResult {
  readonly remover: Remover;
  readonly costs: Cost[];
  readonly remains: Remains[];
  /** By method and route; empty until they are counted. */
  requests: Readonly<Record<string, number>>;
  failure?: string;
}

/** A registry that has the repository, and is only copied from. The caller closes it. */
export async function fillRegistry({ tags }: DoomedRepository): Promise<BenchRegistry> {
  const registry = await startDockerRegistry();
  const present = new Set<string>();
  for (const [tag, image] of tags) {
    await push(image, { host: registry.host, repository: destinationRepository, tag, present });
  }
  return registry;
}

/**
 * Times the contestants in turn, in another order each time, each run on a fresh copy of the repository, and then counts
 * the requests of each in one more run. After every run all that remains is looked at.
 */
export async function raceRemovals(
  original: BenchRegistry,
  doomed: DoomedRepository,
  removers: readonly Remover[],
  repeat: number,
): Promise<readonly RemovalResult[]> {
  const results = removers.map((remover): RemovalResult => ({ remover, costs: [], remains: [], requests: {} }));
  for (let round = 0; round < repeat; round += 1) {
    const start = round % results.length;
    for (const result of [...results.slice(start), ...results.slice(0, start)]) {
      await attempt(result, async () => {
        const { cost, remains } = await removeOnce(original, doomed, result.remover);
        result.costs.push(cost);
        result.remains.push(remains);
      });
    }
  }
  for (const result of results) {
    await attempt(result, async () => {
      const { requests, remains } = await removeCounted(original, doomed, result.remover);
      result.requests = requests;
      result.remains.push(remains);
    });
  }
  return results;
}

async function attempt(result: RemovalResult, work: () => Promise<void>): Promise<void> {
  if (result.failure !== undefined) return;
  try {
    await work();
  } catch (error) {
    result.failure = (error as Error).message;
  }
}

/** One run through a proxy that counts, untimed. */
export async function removeCounted(
  original: BenchRegistry,
  doomed: DoomedRepository,
  remover: Remover,
): Promise<{ requests: Readonly<Record<string, number>>; remains: Remains }> {
  let requests: Readonly<Record<string, number>> = {};
  const { remains } = await removeOnce(original, doomed, remover, async (host) => {
    const proxy = await countingProxy(host);
    const close = async (): Promise<void> => {
      requests = proxy.counts();
      await proxy.close();
    };
    return { host: proxy.host, close };
  });
  return { requests, remains };
}

interface Way {
  readonly host: string;
  close(): Promise<void>;
}

const direct = (host: string): Promise<Way> => Promise.resolve({ host, close: () => Promise.resolve() });

async function removeOnce(
  original: BenchRegistry,
  doomed: DoomedRepository,
  remover: Remover,
  openWay: (host: string) => Promise<Way> = direct,
): Promise<{ cost: Cost; remains: Remains }> {
  const registry = await startDockerRegistry({ copyOf: original });
  const home = await mkdtemp(join(tmpdir(), "imagesync-bench-home-"));
  try {
    const list = join(home, "removals");
    await writeRemovals(list, doomed.removals);
    const way = await openWay(registry.host);
    const at = { host: way.host, repository: destinationRepository };
    let cost: Cost;
    try {
      cost = await measure(remover.command(at, list), environment(home));
    } finally {
      await way.close();
    }
    return { cost, remains: await inspectRemains({ ...at, host: registry.host }, doomed) };
  } finally {
    await registry.close();
    await rm(home, { recursive: true, force: true });
  }
}
