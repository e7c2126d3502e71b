import { ImagesyncError, parseReference, type Reference } from "../../engine/index.ts";
import { FunctionArgumentError } from "../protocol/function.ts";
import type { Value } from "../protocol/value.ts";

/** The text at a position. Terraform passes texts for parameters of that type; others may not. */
export function textArgument(values: readonly Value[], position: number): string {
  const value = values[position];
  if (typeof value !== "string") throw new FunctionArgumentError(position, "A text is needed here.");
  return value;
}

/** The reference at a position. @throws FunctionArgumentError that says what is wrong with it. */
export function referenceArgument(values: readonly Value[], position: number): Reference {
  const text = textArgument(values, position);
  return blaming(position, () => parseReference(text));
}

/** Does the work; what the engine refuses is blamed on the argument at a position. */
export function blaming<T>(position: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ImagesyncError)) throw error;
    throw new FunctionArgumentError(position, sentences(error.message, error.hint));
  }
}

/** What is wrong and what to do about it, each a sentence. */
export function sentences(...parts: readonly (string | undefined)[]): string {
  return parts.flatMap((part) => (part === undefined ? [] : [`${part}.`])).join(" ");
}
