import type { CollectionReport } from "../engine/index.ts";
import type { OutputFormat } from "./output.ts";
import { printable } from "./progress.ts";
import { count, formatBytes } from "./quantity.ts";

/** What was deleted, a line each, or the whole report as one object. */
export function renderCollection(report: CollectionReport & { readonly tag?: string }, format: OutputFormat): string {
  if (format === "json") return `${JSON.stringify(report)}\n`;
  const lines = [
    ...(report.tag === undefined ? [] : [`tag ${report.tag}`]),
    ...report.tags.map((tag) => `tag ${tag}`),
    ...report.manifests.map((digest) => `manifest ${digest}`),
    ...report.blobs.map((digest) => `blob ${digest}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** What was left, and why, for people. */
export function explainCollection({ kept, skipped, unsupported }: CollectionReport): string {
  const left = unsupported.manifests + unsupported.blobs;
  const lines = [
    ...kept.map(({ digest, by }) => `Kept ${digest}: ${by}`),
    ...skipped.map(({ what, why }) => `Skipped ${what}: ${why}`),
    ...(left === 0 ? [] : [`Left, as the registry deletes none of them: ${parts(unsupported)}`]),
    ...(unsupported.manifests === 0
      ? []
      : ["Enable deletes at the registry (distribution: storage.delete.enabled), or use its own clean-up"]),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

/** Whether something was asked for and not done; blobs that a registry frees by itself are done. */
export function isIncomplete({ skipped, unsupported }: CollectionReport): boolean {
  return skipped.length > 0 || unsupported.manifests > 0;
}

/** One sentence about it. */
export function summariseCollection(report: CollectionReport, tags: number, dryRun: boolean): string {
  const { manifests, blobs, bytes } = report;
  if (tags + manifests.length + blobs.length === 0) return dryRun ? "Nothing would be deleted" : "Nothing was deleted";
  const what = [
    ...(tags === 0 ? [] : [count(tags, "tag")]),
    ...(manifests.length + blobs.length === 0 ? [] : [parts({ manifests: manifests.length, blobs: blobs.length })]),
  ].join(", ");
  const size = bytes === 0 ? "" : ` with ${formatBytes(bytes)}`;
  return dryRun ? `Would delete ${what}${size}` : `Deleted ${what}${size}`;
}

function parts({ manifests, blobs }: { readonly manifests: number; readonly blobs: number }): string {
  return `${count(manifests, "manifest")}, ${count(blobs, "blob")}`;
}
