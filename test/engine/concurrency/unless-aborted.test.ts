import { expect, test } from "vitest";
import { unlessAborted } from "../../../engine/concurrency/unless-aborted.ts";

const never = new Promise<never>(() => undefined);
const reason = new Error("stop");

test("the promise settles as it does when nobody stops it", async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
  expect(await unlessAborted(Promise.resolve(1), undefined)).toBe(1);
  await expect(unlessAborted(Promise.reject(reason), signal)).rejects.toBe(reason);
});

test("a stop ends the wait with its reason, before and while it lasts", async () => {
  await expect(unlessAborted(never, AbortSignal.abort(reason))).rejects.toBe(reason);
  const stop = new AbortController();
  const waiting = unlessAborted(never, stop.signal);
  stop.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
