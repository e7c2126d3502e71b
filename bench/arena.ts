import { push } from "../test/support/images/index.ts";
import { type BenchRegistry, startDockerRegistry } from "./docker-registry.ts";
import type { Tags } from "./fixtures.ts";
import type { Scenario } from "./scenarios.ts";

export const sourceRepository = "source/app";
export const destinationRepository = "mirror/app";

/** The registries of one scenario. */
export interface Arena {
  /** Host of the registry that has it all. */
  readonly source: string;
  readonly tags: Tags;
  /**
   * A destination for one copy. Cold copies get an empty registry each, so that no client profits from what it or
   * another left there; the others share one, as nothing is to change in it.
   */
  lease(): Promise<{ host: string; release(): Promise<void> }>;
  close(): Promise<void>;
}

export async function openArena(scenario: Scenario, tags: Tags): Promise<Arena> {
  const source = await startDockerRegistry();
  await fill(source, sourceRepository, tags);
  let shared: BenchRegistry | undefined;
  if (scenario.state === "no-op") {
    shared = await startDockerRegistry();
    await fill(shared, destinationRepository, tags);
  }
  return {
    source: source.host,
    tags,
    lease: async () => {
      if (shared !== undefined) return { host: shared.host, release: async () => undefined };
      const own = await startDockerRegistry();
      return { host: own.host, release: () => own.close() };
    },
    close: async () => {
      await source.close();
      await shared?.close();
    },
  };
}

async function fill(registry: BenchRegistry, repository: string, tags: Tags): Promise<void> {
  const present = new Set<string>();
  for (const [tag, image] of tags) await push(image, { host: registry.host, repository, tag, present });
}
