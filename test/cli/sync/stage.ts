import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningRegistry, startRegistry } from "../../../embedded-registry/index.ts";
import { buildImage, push } from "../../support/images/index.ts";

/** Two registries and a directory. */
export interface Stage {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly directory: string;
  /** A path in the directory. */
  file(name: string): string;
  /** Pushes an image, another one for each seed, to the source; returns its digest. */
  push(repository: string, tag: string, seed?: string): Promise<string>;
  /** Writes a configuration with these lines below the two registries; returns its path. */
  configure(...lines: string[]): Promise<string>;
  /** An entry of `images`. */
  image(repository: string, tag: string, ...more: string[]): string;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const [source, destination] = [await startRegistry(), await startRegistry()];
  const directory = await mkdtemp(join(tmpdir(), "imagesync-sync-"));
  const file = (name: string): string => join(directory, name);
  return {
    source,
    destination,
    directory,
    file,
    push: async (repository, tag, seed = `${repository}:${tag}`) => {
      const image = buildImage({ seed, layers: [3000] });
      await push(image, { host: source.host, repository, tag });
      return image.digest;
    },
    configure: async (...lines) => {
      const registries = [source, destination].map(({ host }) => `  - {address: "${host}", plain_http: true}\n`);
      await writeFile(file("imagesync.yaml"), `version: 1\nregistries:\n${registries.join("")}${lines.join("\n")}\n`);
      return file("imagesync.yaml");
    },
    image: (repository, tag, ...more) => {
      const ends = `source: "${source.host}/${repository}:${tag}", destination: "${destination.host}/${repository}:${tag}"`;
      return `  - {${[ends, ...more].join(", ")}}`;
    },
    close: async () => {
      await Promise.all([source.close(), destination.close(), rm(directory, { recursive: true })]);
    },
  };
}
