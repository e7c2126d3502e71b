import type { Remover } from "./contestants.ts";
import { fillRegistry, removeCounted } from "./race.ts";
import { doomedRepository } from "./repository.ts";

/** What a removal asks in a repository of some size. */
export interface Growth {
  readonly tags: number;
  readonly removed: number;
  /** By method and route. */
  readonly requests: Readonly<Record<string, number>>;
}

/**
 * Counts the requests of one contestant in repositories of several sizes, for several numbers of removals in each.
 * @throws when something else remains than should.
 */
export async function measureGrowth(
  remover: Remover,
  sizes: readonly (readonly [tags: number, removed: readonly number[]])[],
): Promise<readonly Growth[]> {
  const growth: Growth[] = [];
  for (const [tags, numbers] of sizes) {
    // The images do not depend on which of them are removed: one filled registry serves all numbers.
    const original = await fillRegistry(doomedRepository(tags, 1));
    try {
      for (const removed of numbers) {
        const doomed = doomedRepository(tags, removed);
        const { requests, remains } = await removeCounted(original, doomed, remover);
        if (remains.whole < tags - removed) throw new Error(`${remains.whole} of ${tags - removed} tags are whole`);
        growth.push({ tags, removed, requests });
      }
    } finally {
      await original.close();
    }
  }
  return growth;
}
