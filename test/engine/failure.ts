import { ImagesyncError } from "../../engine/errors.ts";

/** The error with which the work ends; undefined when it succeeds. @throws everything that is no ImagesyncError. */
export async function failureOf(work: () => unknown): Promise<ImagesyncError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof ImagesyncError) return error;
    throw new Error(`Not one of our errors: ${String(error)}`, { cause: error });
  }
}

/** True for text with characters that steer a terminal. */
export function hasControlCharacters(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
