import { ImagesyncError, stopped, toImagesyncError } from "../errors.ts";

/**
 * How a verb ended badly, as an error of ours. A stop shows in many ways on its way up, and callers give any reason for
 * it: whatever was thrown then, the code is `aborted`, or `timeout` when the signal was a deadline.
 */
export function failure(error: unknown, operation: string, signal: AbortSignal | undefined): ImagesyncError {
  if (signal?.aborted !== true) return toImagesyncError(error, operation);
  // Who knows what is left half done has said so.
  const known = stopped(operation, signal.reason);
  const isNamed = error instanceof ImagesyncError && error.code === known.code && error.reference !== undefined;
  return isNamed ? error : known;
}
