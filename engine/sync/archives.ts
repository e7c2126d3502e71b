import type { Layouts } from "../layout/layouts.ts";
import type { ApplyOptions } from "./apply.ts";
import type { Plan, PlanItem } from "./plan.ts";
import type { ReportItem } from "./report.ts";

/**
 * Runs an apply that may write into archives. An archive is written when all that goes into it is there: whatever had
 * been done for one that then could not be written has failed, and `onItem` is told of it only then.
 */
export async function writingArchives(
  { items }: Plan,
  layouts: Layouts,
  options: ApplyOptions,
  apply: (options: ApplyOptions) => Promise<ReportItem[]>,
): Promise<ReportItem[]> {
  const { signal, onItem } = options;
  const archived = new Set(items.filter((item) => isArchive(item) && item.action !== "skip"));
  if (archived.size === 0) return await apply(options);
  const places = [...archived].map(({ destination }) => destination);
  const early = onItem && ((told: ReportItem): void => (archived.has(told.item) ? undefined : onItem(told)));
  const work = async (): Promise<ReportItem[]> => await apply({ ...options, onItem: early });
  const isComplete = (told: readonly ReportItem[]): boolean => told.every(({ error }) => error === undefined);
  const { result, failures } = await layouts.writing(places, work, isComplete, { signal });
  return result.map((told) => {
    if (!archived.has(told.item)) return told;
    const error = failures.get(told.item.destination.repository);
    const final: ReportItem =
      told.outcome === "done" && error !== undefined ? { ...told, outcome: "failed", error } : told;
    onItem?.(final);
    return final;
  });
}

function isArchive({ destination }: PlanItem): boolean {
  return destination.registry === "oci-archive:";
}
