import { describe, expect, test } from "vitest";
import { AdaptiveSlots } from "../../../engine/http/adaptive-slots.ts";

const { signal } = new AbortController();

describe("slots that follow what a host bears", () => {
  test.each([0, -1, 1.5, Number.NaN])("cannot be %d", (max) => {
    expect(() => new AdaptiveSlots(max)).toThrow(RangeError);
  });

  test("are handed out up to the limit, in the order of asking", async () => {
    const slots = new AdaptiveSlots(2);
    const order: number[] = [];
    const releases = await Promise.all([slots.acquire(signal), slots.acquire(signal)]);
    const waiting = [1, 2].map(async (number) => {
      const release = await slots.acquire(signal);
      order.push(number);
      release();
    });
    releases[0]?.();
    releases[0]?.();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
  });

  test("are halved once by a hundred complaints of what ran at the same time", () => {
    const slots = new AdaptiveSlots(32);
    const { generation } = slots;
    for (let complaint = 0; complaint < 100; complaint += 1) slots.overloaded(generation);
    expect(slots.limit).toBe(16);
    slots.overloaded(slots.generation);
    expect(slots.limit).toBe(8);
  });

  test("never become less than one", () => {
    const slots = new AdaptiveSlots(3);
    for (let complaint = 0; complaint < 100; complaint += 1) slots.overloaded(slots.generation);
    expect(slots.limit).toBe(1);
  });

  test("grow by one for a round of answers without complaint, up to what they were", () => {
    const slots = new AdaptiveSlots(8);
    slots.overloaded(slots.generation);
    expect(slots.limit).toBe(4);
    for (let answer = 0; answer < 5; answer += 1) slots.served();
    expect(slots.limit).toBe(5);
    for (let answer = 0; answer < 1000; answer += 1) slots.served();
    expect(slots.limit).toBe(8);
  });

  test("that were taken when there were more admit nobody until enough are given back", async () => {
    const slots = new AdaptiveSlots(4);
    const releases = await Promise.all([1, 2, 3, 4].map(() => slots.acquire(signal)));
    slots.overloaded(slots.generation);
    let admitted = false;
    const waiting = (async () => {
      const release = await slots.acquire(signal);
      admitted = true;
      release();
    })();
    releases[0]?.();
    releases[1]?.();
    await Promise.resolve();
    expect(admitted).toBe(false);
    releases[2]?.();
    await waiting;
    expect(admitted).toBe(true);
  });

  test("are not waited for after a stop, and a stop before asks for none", async () => {
    const slots = new AdaptiveSlots(1);
    const release = await slots.acquire(signal);
    const stop = new AbortController();
    const waiting = slots.acquire(stop.signal);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(slots.acquire(stop.signal)).rejects.toThrow("enough");
    release();
    (await slots.acquire(signal))();
  });
});
