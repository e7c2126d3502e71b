import * as fc from "fast-check";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { inLanes } from "../../../engine/concurrency/lanes.ts";

test("every item is worked on once, at most so many at a time, and answered in its place", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), async (items, lanes) => {
      let running = 0;
      let most = 0;
      const results = await inLanes(items, lanes, async (item) => {
        running += 1;
        most = Math.max(most, running);
        for (let turn = item % 4; turn > 0; turn -= 1) await nextTurn();
        running -= 1;
        return item + 1;
      });
      expect(results).toEqual(items.map((item) => item + 1));
      expect(most).toBeLessThanOrEqual(lanes);
    }),
    { numRuns: 50 },
  );
});

test("after a failure nothing more is begun, and the failure is thrown", async () => {
  const begun: number[] = [];
  const work = async (item: number): Promise<number> => {
    begun.push(item);
    await nextTurn();
    if (item === 1) throw new Error("item 1");
    return item;
  };
  await expect(inLanes([0, 1, 2, 3, 4, 5, 6, 7], 2, work)).rejects.toThrow("item 1");
  await nextTurn();
  expect(begun.length).toBeLessThan(5);
});
