import { toImagesyncError } from "../errors.ts";
import type { PlanFailure } from "./plan.ts";

/** Why something could not be planned, as plain data. */
export function planFailure(
  { source, destination }: Pick<PlanFailure, "source" | "destination">,
  error: unknown,
): PlanFailure {
  const { code, message, hint, side } = toImagesyncError(error, "plan a copy");
  return {
    source,
    destination,
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(side === undefined ? {} : { side }),
  };
}
