import type { RemovalReport } from "../delete/report.ts";
import type { ImagesyncError } from "../errors.ts";
import type { PlanItem } from "./plan.ts";

/** What an apply did. Failures are values: one failed image does not stop the others. */
export interface Report {
  /** In the order of the plan. */
  readonly items: readonly ReportItem[];
  /** Bytes of blobs sent to destinations. */
  readonly bytes: number;
  /** Requests the engine made meanwhile, of every kind and to every registry. */
  readonly requests: number;
}

export interface ReportItem {
  readonly item: PlanItem;
  /**
   * `unchanged`: nothing was to be done, or a tag was moved meanwhile and is kept. `left`: not tried, because something
   * else has failed that must not.
   */
  readonly outcome: "done" | "unchanged" | "failed" | "left";
  /** Why it is unchanged or left, where the plan did not know it; for people. */
  readonly reason?: string | undefined;
  readonly error?: ImagesyncError | undefined;
  readonly bytes: number;
  readonly blobs: { readonly copied: number; readonly mounted: number; readonly present: number };
  /** Of a `delete`: what went and what stayed. */
  readonly removal?: RemovalReport | undefined;
}
