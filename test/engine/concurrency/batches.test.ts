import { describe, expect, test } from "vitest";
import { Batches, type Take } from "../../../engine/concurrency/batches.ts";

/** Work that waits until it is told to begin, and doubles its orders. */
function doubling(): {
  readonly work: (take: Take<number>) => Promise<readonly number[]>;
  readonly runs: number[][];
  readonly begin: () => void;
} {
  const runs: number[][] = [];
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return {
    runs,
    begin: () => begin(),
    work: async (take) => {
      await begun;
      const orders = [...take()];
      runs.push(orders);
      return orders.map((order) => order * 2);
    },
  };
}

describe("work that is ordered while the same work waits", () => {
  test("is done in one run, and everybody gets the own answer", async () => {
    const batches = new Batches<number, number>();
    const { work, runs, begin } = doubling();
    const answers = Promise.all([1, 2, 3].map((order) => batches.join("key", order, work)));
    begin();
    expect(await answers).toEqual([2, 4, 6]);
    expect(runs).toEqual([[1, 2, 3]]);
  });

  test("is done in the next run when the orders are taken", async () => {
    const batches = new Batches<number, number>();
    const { work, runs, begin } = doubling();
    begin();
    expect(await batches.join("key", 1, work)).toBe(2);
    expect(await batches.join("key", 2, work)).toBe(4);
    expect(runs).toEqual([[1], [2]]);
  });

  test("is kept apart by its key", async () => {
    const batches = new Batches<number, number>();
    const { work, runs, begin } = doubling();
    const answers = Promise.all(["a", "b"].map((key, at) => batches.join(key, at, work)));
    begin();
    expect(await answers).toEqual([0, 2]);
    expect(runs).toHaveLength(2);
  });

  test("fails for everybody when it fails, and the next order starts anew", async () => {
    const batches = new Batches<number, number>();
    const fail = (take: Take<number>): Promise<readonly number[]> => {
      take();
      return Promise.reject(new Error("broken"));
    };
    const answers = await Promise.allSettled([1, 2].map((order) => batches.join("key", order, fail)));
    expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const { work, begin } = doubling();
    begin();
    expect(await batches.join("key", 4, work)).toBe(8);
  });

  test("that fails before it has taken the orders does not catch later ones", async () => {
    const batches = new Batches<number, number>();
    await expect(batches.join("key", 1, () => Promise.reject(new Error("no turn")))).rejects.toThrow("no turn");
    const { work, begin } = doubling();
    begin();
    expect(await batches.join("key", 4, work)).toBe(8);
  });
});

describe("who stops waiting", () => {
  test("is told his reason at once, and the others get their answers", async () => {
    const batches = new Batches<number, number>();
    const { work, begin } = doubling();
    const stop = new AbortController();
    const left = batches.join("key", 1, work, stop.signal);
    const stays = batches.join("key", 2, work);
    stop.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    begin();
    expect(await stays).toBe(4);
  });

  test("stops the work when nobody is left", async () => {
    const batches = new Batches<number, number>();
    const stops = [new AbortController(), new AbortController()];
    let stopped = 0;
    const work = (_take: Take<number>, signal: AbortSignal): Promise<readonly number[]> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          stopped += 1;
          reject(signal.reason as Error);
        });
      });
    const answers = stops.map(({ signal }, at) => batches.join("key", at, work, signal));
    stops[0]?.abort(new Error("first"));
    await expect(answers[0]).rejects.toThrow("first");
    expect(stopped).toBe(0);
    stops[1]?.abort(new Error("second"));
    await expect(answers[1]).rejects.toThrow("second");
    expect(stopped).toBe(1);
  });

  test("takes nobody along who orders after that", async () => {
    const batches = new Batches<number, number>();
    const { work, begin, runs } = doubling();
    const stop = new AbortController();
    const left = batches.join("key", 1, work, stop.signal);
    stop.abort(new Error("enough"));
    const later = batches.join("key", 2, async (take, signal) => {
      const answers = await work(take);
      signal.throwIfAborted();
      return answers;
    });
    begin();
    await expect(left).rejects.toThrow("enough");
    expect(await later).toBe(4);
    expect(runs).toContainEqual([2]);
  });

  test("before he has begun starts nothing", async () => {
    const batches = new Batches<number, number>();
    const { work, runs } = doubling();
    await expect(batches.join("key", 1, work, AbortSignal.abort(new Error("never")))).rejects.toThrow("never");
    expect(runs).toEqual([]);
  });
});
