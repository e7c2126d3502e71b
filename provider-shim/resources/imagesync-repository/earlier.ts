import { formatReference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { Context } from "../../protocol/context.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { collectEarlier, holdEarlier, type Update } from "../imagesync/earlier.ts";
import { retentionOf } from "../imagesync/retention.ts";
import type { Own, Wish } from "./memory.ts";
import { tagAt } from "./state.ts";

/** What the calls of this file share. */
interface Around {
  readonly provider: Configured;
  readonly context: Context;
  readonly signal: AbortSignal;
}

/** A tag on its way to another digest, with what it holds before. */
export interface Moving {
  readonly tag: string;
  readonly leaving: Own;
  /** Whether what it leaves is still there to be looked after. */
  readonly isHeld: boolean;
}

/** Holds the digests that tags of ours are about to leave, so that what runs by them keeps pulling. */
export async function holdEarlierOf(
  value: ObjectValue,
  images: ReadonlyMap<string, Wish>,
  ours: ReadonlyMap<string, Own>,
  around: Around,
): Promise<readonly Moving[]> {
  if (value["replace_tag"] === false) return [];
  const moving = await Promise.all(
    [...images].map(async ([tag, wish]): Promise<Moving[]> => {
      const leaving = ours.get(tag);
      if (leaving === undefined || leaving.digest === wish.digest) return [];
      const isHeld = await holdEarlier(updateOf(value, tag, wish, around), leaving.digest, around.context);
      return [{ tag, leaving, isHeld }];
    }),
  );
  return moving.flat();
}

/**
 * Remembers what moved tags have left, and collects of it what is older than `keep_previous`.
 * @returns what is ours now.
 */
export async function collectEarlierOf(
  value: ObjectValue,
  moving: readonly Moving[],
  ours: ReadonlyMap<string, Own>,
  around: Around,
): Promise<ReadonlyMap<string, Own>> {
  const collected = await Promise.all(
    moving.map(async ({ tag, leaving, isHeld }): Promise<[string, Own][]> => {
      const own = ours.get(tag);
      // The move has failed: nothing is left behind.
      if (own === undefined || own.digest === leaving.digest) return [];
      const earlier = isHeld ? [leaving.digest] : [];
      const rest = leaving.previous.filter((digest) => digest !== leaving.digest && digest !== own.digest);
      const isBack = leaving.previous.includes(own.digest);
      const update = updateOf(value, tag, own, around);
      return [[tag, { ...own, previous: await collectEarlier(update, [...earlier, ...rest], isBack, around.context) }]];
    }),
  );
  return new Map([...ours, ...collected.flat()]);
}

function updateOf(value: ObjectValue, tag: string, { digest }: Wish, { provider, signal }: Around): Update {
  const destination = formatReference(tagAt(value, tag));
  return { destination, current: digest, retention: retentionOf(value, provider), provider, signal };
}
