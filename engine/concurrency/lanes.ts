/**
 * Works on many items, a fixed number of them at the same time, and answers in the order of the items. What has not
 * begun costs nothing: ten thousand items are not ten thousand promises.
 * @throws the first failure of the work, after which nothing more is begun.
 */
export async function inLanes<T, R>(items: readonly T[], lanes: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const rest = items.entries();
  let failed = false;
  const lane = async (): Promise<void> => {
    // The lanes take turns at one iterator, so each item is taken once.
    for (const [position, item] of rest) {
      if (failed) return;
      try {
        results[position] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return results;
}
