import { createHash } from "node:crypto";
import { access, chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * Where the build puts its files. Each appears by a rename: a program that runs is not overwritten, and of two builds
 * at the same time each leaves whole files.
 */
export class OutputDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
    await this.replace(name, async (temporary) => {
      await writeFile(temporary, content);
      await chmod(temporary, mode);
    });
  }

  /** Has `make` make a file, and gives it its name when it is complete. */
  async replace(name: string, make: (temporary: string) => Promise<void>): Promise<void> {
    const temporary = this.file(`${name}.${process.pid}.part`);
    await mkdir(dirname(temporary), { recursive: true });
    try {
      await make(temporary);
      await rename(temporary, this.file(name));
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Makes files anew unless all of them are there and were made from the same ingredients. The first one names the
   * stamp in `bundle/` by which that is known. @returns whether they were made
   */
  async refresh(
    names: readonly [string, ...string[]],
    ingredients: readonly (string | Uint8Array)[],
    make: () => Promise<void>,
  ): Promise<boolean> {
    const hash = createHash("sha256");
    for (const ingredient of ingredients) hash.update(`${ingredient.length}:`).update(ingredient);
    const stamp = hash.digest("hex");
    const stampName = `bundle/${names[0]}.stamp`;
    const unchanged = await Promise.all(names.map((name) => access(this.file(name))))
      .then(() => readFile(this.file(stampName), "utf8"))
      .then(
        (earlier) => earlier === stamp,
        () => false,
      );
    if (unchanged) return false;
    await rm(this.file(stampName), { force: true });
    await make();
    await this.write(stampName, stamp);
    return true;
  }
}
