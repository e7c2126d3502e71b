import { writeFile } from "node:fs/promises";
import { UsageError } from "../usage-error.ts";

/** Writes a file that is not there yet. @throws UsageError when it is, or cannot be written. */
export async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    const why = exists ? "it exists" : error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `Cannot write "${file}": ${why}`,
      exists ? "Name another file, or remove this one" : "Name another file",
    );
  }
}
