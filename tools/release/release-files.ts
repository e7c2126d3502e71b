import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checksums, readChecksums, signFile } from "./checksums.ts";

/** Files of a release that have their checksums in one file. */
export class ReleaseFiles {
  readonly #directory: string;
  readonly #digests = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** How many have been put. */
  get count(): number {
    return this.#digests.size;
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    this.#digests.set(name, createHash("sha256").update(content).digest("hex"));
    const file = join(this.#directory, name);
    await writeFile(file, content);
    console.log(`${file}: ${content.length} bytes`);
  }

  /**
   * Writes the file of the checksums, and signs it with the key that the environment names. What it said of files that
   * were not made again and are still there, it goes on saying.
   */
  async finish(name: string, environment: NodeJS.ProcessEnv): Promise<void> {
    const file = join(this.#directory, name);
    const before = existsSync(file) ? readChecksums(await readFile(file, "utf8")) : [];
    const kept = [...before].filter(([other]) => existsSync(join(this.#directory, other)));
    // A signature of what the file said before would only look like one.
    await rm(`${file}.sig`, { force: true });
    await writeFile(file, checksums(new Map([...kept, ...this.#digests])));
    const key = environment["IMAGESYNC_SIGNING_KEY"];
    if (key !== undefined && key !== "") await signFile(file, key, environment);
    else console.log(`${file} is not signed, which registries ask for: give IMAGESYNC_SIGNING_KEY`);
  }
}
