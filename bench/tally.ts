import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchTree } from "../test/support/images/index.ts";
import { countingProxy } from "../test/support/registries/counting-proxy.ts";
import { type Arena, destinationRepository } from "./arena.ts";
import type { Contestant } from "./contestants.ts";
import { measure } from "./measure.ts";
import { commandFor, environment, expectTags } from "./race.ts";
import type { Scenario } from "./scenarios.ts";

/** What a contestant asked of both registries: exact, where times are noisy. */
export interface Tally {
  /** By method and route, source and destination together. */
  readonly requests: Readonly<Record<string, number>>;
  readonly total: number;
  /** Bytes of bodies read from both registries. */
  readonly down: number;
  /** Bytes of bodies sent to both registries. */
  readonly up: number;
}

/** Copies once more, untimed, through counting proxies, and reads the whole copy back. @throws when it differs. */
export async function tally(scenario: Scenario, arena: Arena, contestant: Contestant): Promise<Tally> {
  const destination = await arena.lease();
  const home = await mkdtemp(join(tmpdir(), "imagesync-bench-home-"));
  const proxies = [await countingProxy(arena.source), await countingProxy(destination.host)] as const;
  try {
    const command = await commandFor(scenario, contestant, [proxies[0].host, proxies[1].host], home);
    await measure(command, environment(home));
    const requests: Record<string, number> = {};
    for (const proxy of proxies) {
      for (const [kind, count] of Object.entries(proxy.counts())) requests[kind] = (requests[kind] ?? 0) + count;
    }
    const sum = (of: (proxy: (typeof proxies)[number]) => number): number => of(proxies[0]) + of(proxies[1]);
    const counted = {
      requests,
      total: sum((proxy) => proxy.total()),
      down: sum((proxy) => proxy.bytesDown()),
      up: sum((proxy) => proxy.bytesUp()),
    };
    await expectTags(destination.host, destinationRepository, arena.tags);
    for (const tag of arena.tags.keys()) {
      await fetchTree(destination, destinationRepository, tag);
      break;
    }
    return counted;
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await destination.release();
    await rm(home, { recursive: true, force: true });
  }
}
