/**
 * Does work for each of the items, so many at a time, in their order. The first that throws ends it: no other is
 * begun, those under way are waited for.
 */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  let ended = false;
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); !ended && next.done !== true; next = queue.next()) {
      try {
        await work(next.value);
      } catch (error) {
        ended = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: Math.max(1, limit) }, worker));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
