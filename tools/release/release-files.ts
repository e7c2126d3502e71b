import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checksums, signFile } from "./checksums.ts";

/** Files of a release that have their checksums in one file. */
export class ReleaseFiles {
  readonly #directory: string;
  readonly #digests = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** How many there are. */
  get count(): number {
    return this.#digests.size;
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    this.#digests.set(name, createHash("sha256").update(content).digest("hex"));
    const file = join(this.#directory, name);
    await writeFile(file, content);
    console.log(`${file}: ${content.length} bytes`);
  }

  /** Writes the file of the checksums, and signs it with the key that the environment names. */
  async finish(name: string, environment: NodeJS.ProcessEnv): Promise<void> {
    const file = join(this.#directory, name);
    await writeFile(file, checksums(this.#digests));
    const key = environment["IMAGESYNC_SIGNING_KEY"];
    if (key !== undefined && key !== "") await signFile(file, key, environment);
    else console.log(`${file} is not signed, which registries ask for: give IMAGESYNC_SIGNING_KEY`);
  }
}
