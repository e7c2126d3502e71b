import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that goes when it is closed, and at the latest when the process ends. */
export interface ScratchDirectory {
  readonly path: string;
  close(): Promise<void>;
}

export function makeScratchDirectory(): ScratchDirectory {
  const path = mkdtempSync(join(tmpdir(), `imagesync-demo-${process.pid}-`));
  const removeNow = (): void => rmSync(path, { recursive: true, force: true });
  process.once("exit", removeNow);
  return {
    path,
    async close() {
      await rm(path, { recursive: true, force: true });
      process.off("exit", removeNow);
    },
  };
}
