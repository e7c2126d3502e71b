import { join } from "node:path";

/** The checkout. */
export const projectRoot: string = join(import.meta.dirname, "..");

/** Where the bench keeps what it downloads and builds, between runs. `make clean` deletes it. */
export const cacheRoot: string = join(projectRoot, ".cache");
