import { PassThrough, Transform } from "node:stream";

/** Bytes that may be on the way at once: a window large enough not to limit a fast line with a long delay. */
const WINDOW_BYTES = 16 * 1024 * 1024;

/** A stream whose bytes come out `ms` after they went in, in order, with many of them on the way at once. */
export function delayed(ms: number): Transform {
  if (ms <= 0) return new PassThrough({ highWaterMark: 1024 * 1024 });
  let onTheWay = 0;
  let waiting: (() => void) | undefined;
  let onEmpty: (() => void) | undefined;
  return new Transform({
    readableHighWaterMark: WINDOW_BYTES,
    transform(chunk: Buffer, _encoding, accept) {
      onTheWay += chunk.length;
      // Timers of one length fire in the order in which they were set.
      setTimeout(() => {
        onTheWay -= chunk.length;
        this.push(chunk);
        waiting?.();
        waiting = undefined;
        if (onTheWay === 0) onEmpty?.();
      }, ms);
      if (onTheWay < WINDOW_BYTES) accept();
      else waiting = accept;
    },
    flush(done) {
      if (onTheWay === 0) done();
      else onEmpty = done;
    },
  });
}
