import type { ImagesyncError } from "../errors.ts";
import type { PlanItem } from "./plan.ts";

/** What an apply did. Failures are values: one failed image does not stop the others. */
export interface Report {
  readonly items: readonly ReportItem[];
  /** Bytes of blobs sent to destinations. */
  readonly bytes: number;
  /** Requests the engine made meanwhile, of every kind and to every registry. */
  readonly requests: number;
}

export interface ReportItem {
  readonly item: PlanItem;
  /** `left`: not tried, because the item that it follows has failed. */
  readonly outcome: "done" | "unchanged" | "failed" | "left";
  readonly error?: ImagesyncError | undefined;
  readonly bytes: number;
  readonly blobs: { readonly copied: number; readonly mounted: number; readonly present: number };
}
