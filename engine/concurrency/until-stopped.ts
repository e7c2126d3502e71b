/** Who stops is let go within two seconds. */
const graceMs = 1500;

/**
 * Waits for work until it is done, after a stop for a moment only. The work itself goes on then: it is for what must not
 * be left half done, and holds what it has until it is.
 * @throws what the work throws, or the signal's reason.
 */
export async function untilStopped<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  let timer: NodeJS.Timeout | undefined;
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => {
      timer = setTimeout(() => reject(signal.reason as Error), graceMs);
    };
  });
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(timer);
  }
}
