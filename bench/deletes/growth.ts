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

/** Counts the requests of one contestant in larger and larger repositories. */
export async function measureGrowth(
  remover: Remover,
  sizes: readonly (readonly [tags: number, removed: number])[],
): Promise<readonly Growth[]> {
  const growth: Growth[] = [];
  for (const [tags, removed] of sizes) {
    const doomed = doomedRepository(tags, removed);
    const original = await fillRegistry(doomed);
    try {
      const { requests } = await removeCounted(original, doomed, remover);
      growth.push({ tags, removed, requests });
    } finally {
      await original.close();
    }
  }
  return growth;
}
