import { formatReference, ImagesyncError, type PlanFailure } from "../engine/index.ts";

/** What a plan says could not be planned, as the error that it was. */
export function errorOf({ code, message, hint, side, source }: PlanFailure): ImagesyncError {
  return new ImagesyncError({
    code,
    operation: "plan a copy",
    message,
    hint,
    side,
    reference: formatReference(source),
  });
}
