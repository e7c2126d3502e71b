import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KeyedLock } from "../../../engine/concurrency/keyed-lock.ts";

/** A promise and the function that fulfils it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/** Lets everything that can go on do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test("who has a key alone keeps all others out, and other keys are free", async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const { opened, open } = gate();
  const first = lock.exclusive("a", async () => {
    log.push("first starts");
    await opened;
    log.push("first ends");
  });
  const second = lock.exclusive("a", async () => void log.push("second"));
  const third = lock.shared("a", async () => void log.push("third"));
  await lock.exclusive("b", async () => void log.push("elsewhere"));
  await settle();
  open();
  await Promise.all([first, second, third]);
  expect(log).toEqual(["first starts", "elsewhere", "first ends", "second", "third"]);
});

test("many share a key at the same time", async () => {
  const lock = new KeyedLock();
  const { opened, open } = gate();
  let inside = 0;
  const sharing = [1, 2, 3].map(() =>
    lock.shared("a", async () => {
      inside += 1;
      if (inside === 3) open();
      await opened;
    }),
  );
  await Promise.all(sharing);
  expect(inside).toBe(3);
});

test("who waits to be alone is not overtaken by those who would share", async () => {
  const lock = new KeyedLock();
  const { opened, open } = gate();
  const log: string[] = [];
  const first = lock.shared("a", async () => await opened);
  const alone = lock.exclusive("a", async () => void log.push("alone"));
  const late = lock.shared("a", async () => void log.push("late"));
  await settle();
  expect(log).toEqual([]);
  open();
  await Promise.all([first, alone, late]);
  expect(log).toEqual(["alone", "late"]);
});

test("those who share start together when the one who was alone has ended", async () => {
  const lock = new KeyedLock();
  const first = gate();
  const both = gate();
  let inside = 0;
  const alone = lock.exclusive("a", async () => await first.opened);
  const sharing = [1, 2].map(() =>
    lock.shared("a", async () => {
      inside += 1;
      if (inside === 2) both.open();
      await both.opened;
    }),
  );
  first.open();
  await Promise.all([alone, ...sharing]);
  expect(inside).toBe(2);
});

test("the value and the error of the work reach the caller, and the key is free afterwards", async () => {
  const lock = new KeyedLock();
  expect(await lock.exclusive("a", async () => 1)).toBe(1);
  await expect(lock.exclusive("a", async () => await Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  await expect(lock.shared("a", async () => await Promise.reject(new Error("broken too")))).rejects.toThrow(
    "broken too",
  );
  const throws = (): Promise<never> => {
    throw new Error("thrown at once");
  };
  await expect(lock.exclusive("a", throws)).rejects.toThrow("thrown at once");
  expect(await lock.exclusive("a", async () => 2)).toBe(2);
});

test("a signal that is aborted already keeps the work from starting, though the key is free", async () => {
  const lock = new KeyedLock();
  let started = false;
  const work = async (): Promise<void> => {
    started = true;
  };
  await expect(lock.exclusive("a", work, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  expect(started).toBe(false);
});

test("who is stopped while waiting leaves the queue, and those behind go on", async () => {
  const lock = new KeyedLock();
  const { opened, open } = gate();
  const stop = new AbortController();
  const log: string[] = [];
  const first = lock.shared("a", async () => await opened);
  const stopped = lock.exclusive("a", async () => void log.push("never"), stop.signal);
  const behind = lock.shared("a", async () => void log.push("behind"));
  stop.abort(new Error("enough"));
  await expect(stopped).rejects.toThrow("enough");
  // Nobody waits to be alone any more: there is no reason to wait for the first one.
  await behind;
  expect(log).toEqual(["behind"]);
  open();
  await first;
});

test("a signal that aborts while the work runs does not end the hold early", async () => {
  const lock = new KeyedLock();
  const { opened, open } = gate();
  const stop = new AbortController();
  const log: string[] = [];
  const first = lock.exclusive(
    "a",
    async () => {
      await opened;
      log.push("first ends");
    },
    stop.signal,
  );
  const second = lock.exclusive("a", async () => void log.push("second"));
  stop.abort();
  await settle();
  open();
  await Promise.all([first, second]);
  expect(log).toEqual(["first ends", "second"]);
});

test("with any mixture of holders, turns and stops nobody shares with one who is alone, and everybody is served", async () => {
  const task = fc.record({
    key: fc.constantFrom("a", "b"),
    exclusive: fc.boolean(),
    turns: fc.integer({ min: 0, max: 4 }),
    start: fc.integer({ min: 0, max: 6 }),
    fails: fc.boolean(),
    stopAfter: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(task, { maxLength: 25 }), async (tasks) => {
      const lock = new KeyedLock();
      const inside = new Map<string, { shared: number; alone: number }>();
      let ended = 0;
      let served = 0;
      const turns = async (count: number): Promise<void> => {
        for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
      };
      await Promise.all(
        tasks.map(async ({ key, exclusive, turns: length, start, fails, stopAfter }) => {
          const stop = new AbortController();
          await turns(start);
          const stopping =
            stopAfter === undefined ? undefined : turns(stopAfter).then(() => stop.abort(new Error("stop")));
          const work = async (): Promise<void> => {
            const now = inside.get(key) ?? { shared: 0, alone: 0 };
            inside.set(key, now);
            now[exclusive ? "alone" : "shared"] += 1;
            expect(now.alone === 0 || (now.alone === 1 && now.shared === 0)).toBe(true);
            await turns(length);
            now[exclusive ? "alone" : "shared"] -= 1;
            served += 1;
            if (fails) throw new Error("fails");
          };
          const outcome = lock[exclusive ? "exclusive" : "shared"](key, work, stop.signal);
          const [settled] = await Promise.allSettled([outcome, stopping]);
          expect(settled.status === "fulfilled" ? "" : String(settled.reason)).toMatch(/^(Error: (stop|fails))?$/);
          ended += 1;
        }),
      );
      expect(ended).toBe(tasks.length);
      expect(served).toBeGreaterThanOrEqual(tasks.filter((one) => one.stopAfter === undefined).length);
      // All locks are free again.
      await Promise.all(["a", "b"].map((key) => lock.exclusive(key, async () => undefined)));
    }),
  );
});
