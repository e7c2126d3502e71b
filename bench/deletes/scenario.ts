import { bundle } from "../bundle.ts";
import type { Peer, PeerName } from "../peers.ts";
import { type Loops, ourRemovers, peerRemovers, replayed } from "./contestants.ts";
import { measureGrowth } from "./growth.ts";
import { fillRegistry, raceRemovals } from "./race.ts";
import { removalPromises, removalSection } from "./report.ts";
import { doomedRepository } from "./repository.ts";

/** Its name on the command line. */
export const deleteScenario = "delete";

const repeats = 3;

/** Repositories of so many tags, and how many of them are removed. */
const sizes = [
  [100, [10]],
  [200, [10]],
  [500, [1, 10, 50]],
  [1000, [10]],
] as const;

/** Removes 50 of 500 tags by every contestant. Answers with its part of the report, and with what failed. */
export async function holdDeletes(
  peers: ReadonlyMap<PeerName, Peer>,
  { quick, repeat }: { readonly quick: boolean; readonly repeat: number | undefined },
): Promise<{ section: string; failures: readonly string[] }> {
  const loops: Loops = { remove: await bundle("remove-images"), replay: await bundle("replay-remove") };
  const doomed = quick ? doomedRepository(40, 6) : doomedRepository(500, 50);
  const ours = ourRemovers(loops, doomed.removals.length);
  const original = await fillRegistry(doomed);
  try {
    const removers = [...ours, ...replayed(loops), ...peerRemovers(peers)];
    const results = await raceRemovals(original, doomed, removers, repeat ?? (quick ? 1 : repeats));
    const all = ours.at(-1);
    const growth = quick || all === undefined ? [] : await measureGrowth(all, sizes);
    const outcome = { doomed, results, growth };
    const failed = results.flatMap(({ remover, failure }) =>
      failure === undefined ? [] : [`${remover.name}: ${failure}`],
    );
    const broken = removalPromises(outcome).flatMap(({ met, line }) => (met ? [] : [line]));
    return { section: removalSection(outcome), failures: [...failed, ...broken] };
  } finally {
    await original.close();
  }
}
