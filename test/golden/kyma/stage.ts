import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegistryOptions } from "../../../embedded-registry/index.ts";
import { openWorld, type World } from "../world.ts";

/** The content of a service account's key file; image-syncer sends it as it is, with its line break. */
export const key: string = `${JSON.stringify({ type: "service_account", private_key: "secret-Canary" }, undefined, 2)}\n`;

/** Where lists of the first age go, and those of the later one that do not say it. */
export const gcr = "eu.gcr.io";
export const garPrefix = "europe-docker.pkg.dev/kyma-project/prod/external";

/** A world with Docker Hub, and registries that only the key opens, and reads only for who has `reader`. */
export interface KymaWorld extends World {
  /** Path of the key file. */
  readonly key: string;
  /** Writes a list of the first age, to `eu.gcr.io/kyma-project/external/`. */
  list(...images: readonly string[]): Promise<string>;
  /** Runs `imagesync kyma` with the key. */
  sync(...flags: readonly string[]): ReturnType<World["run"]>;
}

export async function openKyma(others: Readonly<Record<string, RegistryOptions>> = {}): Promise<KymaWorld> {
  const options: RegistryOptions = { auth: { kind: "basic", users: { _json_key: key } } };
  const world = await openWorld({ "docker.io": {}, [gcr]: options, "europe-docker.pkg.dev": options, ...others });
  const file = await world.write("key.json", key.trimEnd());
  return {
    ...world,
    key: file,
    list: (...images) =>
      world.write("external-images.yaml", `targetRepoPrefix: "${gcr}/kyma-project/external/"`, "images:", ...images),
    sync: (...flags) => world.run(["kyma", "-t", file, ...flags]),
  };
}

/** A documented list, with digests of images that are there. */
export async function documented(
  name: string,
  world: World,
  digests: Readonly<Record<string, string>> = {},
): Promise<string> {
  const text = await readFile(join(import.meta.dirname, name), "utf8");
  const real = Object.entries(digests).reduce((sum, [printed, digest]) => sum.replace(printed, digest), text);
  return await world.write(name, real.trimEnd());
}
