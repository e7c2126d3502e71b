import { sleep } from "./sleep.ts";

/** Time as the limits of this room see it; tests bring their own. */
export interface Clock {
  /** Milliseconds that only ever grow, from any beginning. */
  readonly now: () => number;
  /** Rejects with the signal's reason when that is aborted meanwhile. */
  readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** The time of this computer. A clock that somebody sets back does not stop it. */
export const systemClock: Clock = { now: () => performance.now(), sleep };
