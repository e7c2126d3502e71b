import { readFile, writeFile } from "node:fs/promises";

/** One image to remove: its tag and the digest it holds, as the state of a tool knows both. */
export interface Removal {
  readonly tag: string;
  readonly digest: string;
}

/** Writes what a contestant is to remove: a line each, tag and digest. */
export async function writeRemovals(file: string, removals: readonly Removal[]): Promise<void> {
  await writeFile(file, removals.map(({ tag, digest }) => `${tag} ${digest}\n`).join(""));
}

/** @throws for a line that is not a tag and a digest. */
export async function readRemovals(file: string): Promise<Removal[]> {
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [tag, digest, ...more] = line.split(" ");
    if (tag === undefined || digest === undefined || more.length > 0) throw new Error(`Not a removal: ${line}`);
    return { tag, digest };
  });
}

/**
 * Works on so many at a time, as Terraform walks its resources. What fails goes to standard error and does not stop the
 * others. Answers with how many have failed.
 */
export async function removeEach(
  removals: readonly Removal[],
  atOnce: number,
  work: (removal: Removal) => Promise<void>,
): Promise<number> {
  const waiting = [...removals];
  let failures = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await work(next);
      } catch (error) {
        failures += 1;
        process.stderr.write(`${next.tag}: ${(error as Error).message}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failures;
}
