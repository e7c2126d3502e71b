import { expect } from "vitest";
import { readSyncConfig, type ReadOptions } from "../../../cli/config/read.ts";
import type { SyncConfig } from "../../../cli/config/sync-config.ts";
import { UsageError } from "../../../cli/usage-error.ts";

/** Reads a file with this content. */
export async function configOf(content: string, options: Partial<ReadOptions> = {}): Promise<SyncConfig> {
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(Buffer.from(content));
  }
  return await readSyncConfig("-", { environment: {}, stdin: stdin(), ...options });
}

/** The lines that say what is wrong with this content, each with its place. */
export async function mistakesIn(content: string, options: Partial<ReadOptions> = {}): Promise<readonly string[]> {
  try {
    await configOf(content, options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return (error.details.length > 0 ? error.details : [error.message]).map((line) => line.replace(/^<stdin>:/, ""));
  }
  return [];
}

/** Equals this text, or any text that the expression matches. */
export function like(expected: string | RegExp): unknown {
  return typeof expected === "string" ? expected : expect.stringMatching(expected);
}
