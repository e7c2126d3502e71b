import type { ReportItem } from "../engine/index.ts";
import { count, formatDuration } from "./quantity.ts";

/** What a command cost, from its start to its end. */
export interface Cost {
  readonly requests: number;
  readonly durationMs: number;
}

/** The cost for people. */
export function describeCost({ requests, durationMs }: Cost): string {
  return `${count(requests, "request")}, ${formatDuration(durationMs)}`;
}

/** What became of blobs, and how many signatures and the like are in place with their images, a part each. */
export function describeBlobs({ copied, mounted, present }: ReportItem["blobs"], referrers: number): string[] {
  return [
    `${count(copied, "blob")} copied`,
    ...(mounted > 0 ? [`${mounted} mounted`] : []),
    ...(present > 0 ? [`${present} there already`] : []),
    ...(referrers > 0 ? [`${count(referrers, "referrer")} in place`] : []),
  ];
}
