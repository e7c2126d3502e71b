import type { ImagesyncError } from "../engine/index.ts";
import type { Invocation } from "./invocation.ts";
import { printable } from "./progress.ts";
import type { UsageError } from "./usage-error.ts";

/**
 * The block that a failed command ends with: what failed and why, then what to do. A stack trace helps only where the
 * program itself is at fault, and there only whoever asks for it with IMAGESYNC_DEBUG=1.
 */
export function renderError(error: ImagesyncError | UsageError, environment: Invocation["environment"]): string {
  const block = [`Error: ${printable(error.message)}`];
  if (error.name === "ImagesyncError" && error.reference !== undefined && !error.message.includes(error.reference)) {
    block.push(`  ${error.side ?? "reference"}: ${printable(error.reference)}`);
  }
  if (error.name === "UsageError") block.push(...error.details.map((line) => `  ${printable(line)}`));
  if (error.hint !== undefined) block.push(`  ${printable(error.hint)}`);
  if (error.name === "ImagesyncError" && error.code === "internal" && environment["IMAGESYNC_DEBUG"] === "1") {
    block.push("", error.cause instanceof Error ? (error.cause.stack ?? "") : (error.stack ?? ""));
  }
  return `${block.join("\n")}\n`;
}
