import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deletions } from "../support/registries/behaviours/deletions.ts";
import { mounts } from "../support/registries/behaviours/mounts.ts";
import { referrers } from "../support/registries/behaviours/referrers.ts";
import { type Mishaps, refusedRemovals, removals } from "../support/registries/behaviours/removals.ts";
import { tags } from "../support/registries/behaviours/tags.ts";
import { dockerRegistryProgram, startDockerRegistry } from "../support/registries/index.ts";
import { startProfile } from "../support/registries/profiles/index.ts";
import { protocolSteps } from "../support/registries/protocol-steps.ts";

interface Started {
  readonly url: string;
  readonly mishaps: Mishaps;
  close(): Promise<void>;
}

const registries = [
  { name: "docker-registry", real: true, start: startReal },
  { name: "the profile distribution-2.8", real: false, start: startPlayed },
];

/** What the profile must know besides: the rows in which docker-registry has an answer of its own, and all others. */
const common = { deletions, tags, mounts, referrers };

describe.each(registries)("$name", ({ real, start }) => {
  describe.skipIf(real && dockerRegistryProgram === undefined)("answers the script of deletes", () => {
    let registry: Started;
    let refusing: Started;
    let repositories = 0;
    beforeAll(async () => {
      [registry, refusing] = await Promise.all([start(true), start(false)]);
    });
    afterAll(() => Promise.all([registry.close(), refusing.close()]));

    const two = (at: Started) => {
      repositories += 1;
      return [
        protocolSteps(at.url, `script/here-${repositories}`),
        protocolSteps(at.url, `script/neighbour-${repositories}`),
      ] as const;
    };

    test.each(removals)("$does", async ({ ask, answer }) => {
      expect(await ask(...two(registry), registry.mishaps)).toEqual(answer);
    });

    test.each(refusedRemovals)("where deletes are switched off, $does", async ({ ask, answer }) => {
      expect(await ask(...two(refusing), refusing.mishaps)).toEqual(answer);
    });

    describe.each(Object.entries(common))("%s", (_group, behaviours) => {
      test.each(behaviours)("$does", async (behaviour) => {
        const expected = "dockerRegistry" in behaviour ? behaviour.dockerRegistry : behaviour.answer;
        expect(await behaviour.ask(...two(registry))).toEqual(expected);
      });
    });
  });
});

async function startReal(deleteEnabled: boolean): Promise<Started> {
  const registry = await startDockerRegistry({ deleteEnabled });
  const below = (repository: string): string =>
    join(registry.storageDirectory, "docker/registry/v2/repositories", repository, "_manifests");
  return {
    url: registry.url,
    mishaps: {
      forget: (repository, digest) =>
        rm(join(below(repository), "revisions", digest.replace(":", "/"), "link"), { force: false }),
      emptyTag: (repository, tag) => truncate(join(below(repository), "tags", tag, "current/link")),
    },
    close: () => registry.close(),
  };
}

async function startPlayed(deletes: boolean): Promise<Started> {
  const profile = await startProfile("distribution-2.8", { deletes, login: false });
  const { contents } = profile;
  return {
    url: profile.url,
    mishaps: {
      forget: (repository, digest) => contents.forget(repository, digest),
      emptyTag: (repository, tag) => contents.storage.set(repository, "tags", tag, ""),
    },
    close: () => profile.close(),
  };
}
