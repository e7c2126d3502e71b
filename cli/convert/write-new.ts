import { open, rm } from "node:fs/promises";
import { UsageError } from "../usage-error.ts";

/**
 * Writes a file that is not there yet. One that cannot be written to its end is removed: it would be in the way of the
 * next try. @throws UsageError when it is there, or cannot be written.
 */
export async function writeNew(file: string, text: string): Promise<void> {
  try {
    const handle = await open(file, "wx");
    try {
      await handle.writeFile(text);
      await handle.close();
    } catch (error) {
      await handle.close().catch(ignoreSecondFault);
      await rm(file, { force: true });
      throw error;
    }
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    const why = exists ? "it exists" : error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `Cannot write "${file}": ${why}`,
      exists ? "Name another file, or remove this one" : "Name another file",
    );
  }
}

/** The first fault is the one to tell. */
function ignoreSecondFault(): void {}
