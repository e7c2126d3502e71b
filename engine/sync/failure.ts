import { ImagesyncError, toImagesyncError } from "../errors.ts";

/**
 * How a verb ended badly, as an error of ours. A stop shows in many ways on its way up, and callers give any reason for
 * it: whatever was thrown then, the code is `aborted`, or `timeout` when the signal was a deadline.
 */
export function failure(error: unknown, operation: string, signal: AbortSignal | undefined): ImagesyncError {
  if (signal?.aborted !== true) return toImagesyncError(error, operation);
  const reason: unknown = signal.reason;
  const deadline = reason instanceof Error && reason.name === "TimeoutError";
  return new ImagesyncError({
    code: deadline ? "timeout" : "aborted",
    operation,
    message: `Cannot ${operation}: ${deadline ? "the deadline passed" : "it was stopped"}`,
    cause: reason,
  });
}
