import { type ImagesyncError, stopped, toImagesyncError } from "../errors.ts";

/**
 * How a verb ended badly, as an error of ours. A stop shows in many ways on its way up, and callers give any reason for
 * it: whatever was thrown then, the code is `aborted`, or `timeout` when the signal was a deadline.
 */
export function failure(error: unknown, operation: string, signal: AbortSignal | undefined): ImagesyncError {
  return signal?.aborted === true ? stopped(operation, signal.reason) : toImagesyncError(error, operation);
}
