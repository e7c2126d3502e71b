import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Slots } from "../../../engine/concurrency/slots.ts";

test("a limit that lets nothing run is refused", () => {
  for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => new Slots(limit)).toThrow(RangeError);
  }
});

test("slots are handed out in the order of asking", async () => {
  const slots = new Slots(1);
  const order: number[] = [];
  const release = await slots.acquire();
  const waiting = [1, 2, 3].map(async (number) => {
    const done = await slots.acquire();
    order.push(number);
    done();
  });
  expect(slots.waiting).toBe(3);
  release();
  await Promise.all(waiting);
  expect(order).toEqual([1, 2, 3]);
});

test("giving a slot back twice does not make a second slot", async () => {
  const slots = new Slots(1);
  const release = await slots.acquire();
  release();
  release();
  await slots.acquire();
  void slots.acquire();
  await Promise.resolve();
  expect(slots.waiting).toBe(1);
});

test("who is stopped while waiting leaves the queue and takes no slot", async () => {
  const slots = new Slots(1);
  const release = await slots.acquire();
  const stop = new AbortController();
  const stopped = slots.acquire(stop.signal);
  const next = slots.acquire();
  stop.abort(new Error("enough"));
  await expect(stopped).rejects.toThrow("enough");
  release();
  expect(await next).toBeTypeOf("function");
  expect(slots.waiting).toBe(0);
});

test("a signal that is aborted already gets no slot, though one is free", async () => {
  const slots = new Slots(1);
  await expect(slots.acquire(AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  expect(await slots.acquire()).toBeTypeOf("function");
});

test("never more holders than slots, and everybody is served", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 40 }), async (limit, tasks) => {
      const slots = new Slots(limit);
      let running = 0;
      let most = 0;
      let served = 0;
      await Promise.all(
        Array.from({ length: tasks }, async () => {
          const release = await slots.acquire();
          running += 1;
          most = Math.max(most, running);
          await Promise.resolve();
          running -= 1;
          served += 1;
          release();
        }),
      );
      expect(most).toBe(Math.min(limit, tasks));
      expect(served).toBe(tasks);
    }),
  );
});
