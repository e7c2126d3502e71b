import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A directory of a reader who has nothing yet; gone when the test ends. */
export async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-docs-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Puts the places of a test where a document names its examples.
 * @throws Error when the text does not hold one of them: the test would prove something else than what is printed.
 */
export function substitute(text: string, places: Readonly<Record<string, string>>): string {
  return Object.entries(places).reduce((sum, [printed, real]) => {
    if (!sum.includes(printed)) throw new Error(`"${printed}" is no longer in:\n${text}`);
    return sum.replaceAll(printed, real);
  }, text);
}

/** A text as documents write it, with the digits of digests left out in one way only. */
export function withoutDigits(text: string): string {
  return text.replaceAll(/sha256:(?:[0-9a-f]{64}|…[^"\s…]*(?: [^"\s…]+)*…)/g, "sha256:…");
}
