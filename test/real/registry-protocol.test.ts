import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRegistry } from "../../embedded-registry/index.ts";
import { fetchTree, imageKinds, push, treeOf } from "../support/images/index.ts";
import { type Behaviour, status, UNKNOWN_DIGEST } from "../support/registries/behaviours/behaviour.ts";
import { starting } from "../support/registries/behaviours/starting.ts";
import { uploads } from "../support/registries/behaviours/uploads.ts";
import { mounts } from "../support/registries/behaviours/mounts.ts";
import { blobs } from "../support/registries/behaviours/blobs.ts";
import { manifests } from "../support/registries/behaviours/manifests.ts";
import { tags } from "../support/registries/behaviours/tags.ts";
import { deletions } from "../support/registries/behaviours/deletions.ts";
import { referrers } from "../support/registries/behaviours/referrers.ts";
import { dockerRegistryProgram, startDockerRegistry } from "../support/registries/index.ts";
import { digestOf, protocolSteps } from "../support/registries/protocol-steps.ts";

const table: Readonly<Record<string, readonly Behaviour[]>> = {
  starting,
  uploads,
  mounts,
  blobs,
  manifests,
  tags,
  deletions,
  referrers,
};

interface Started {
  readonly url: string;
  readonly host: string;
  openUploads?(): number;
  close(): Promise<void>;
}

const registries: readonly { name: string; real: boolean; start: () => Promise<Started> }[] = [
  { name: "the embedded registry in memory", real: false, start: () => startRegistry() },
  { name: "the embedded registry on disk", real: false, start: startOnDisk },
  { name: "docker-registry", real: true, start: () => startDockerRegistry() },
];

describe.each(registries)("$name", ({ real, start }) => {
  describe.skipIf(real && dockerRegistryProgram === undefined)("protocol", () => {
    let registry: Started;
    let repositories = 0;
    beforeAll(async () => {
      registry = await start();
    });
    afterAll(() => registry.close());

    describe.each(Object.entries(table))("%s", (_group, behaviours) => {
      test.each(behaviours)("$does", async (behaviour) => {
        repositories += 1;
        const here = protocolSteps(registry.url, `protocol/here-${repositories}`);
        const neighbour = protocolSteps(registry.url, `protocol/neighbour-${repositories}`);
        const expected = real && "dockerRegistry" in behaviour ? behaviour.dockerRegistry : behaviour.answer;
        expect(await behaviour.ask(here, neighbour)).toEqual(expected);
      });
    });

    const refused = imageKinds.filter((kind) => real && !kind.distribution2);
    test.each(imageKinds.filter((kind) => !refused.includes(kind)))(
      "an image of the kind $name comes back as it was pushed",
      async (kind) => {
        const image = kind.build();
        const repository = `kinds/${kind.name.toLowerCase().replaceAll(" ", "-")}`;
        await push(image, { host: registry.host, repository, tag: "tag" });
        expect(await fetchTree(registry, repository, "tag")).toEqual(treeOf(image));
      },
    );
    test.each(refused)("an image of the kind $name is refused", async (kind) => {
      const target = { host: registry.host, repository: "kinds/refused", tag: "tag" };
      await expect(push(kind.build(), target)).rejects.toThrow("kinds/refused");
    });
  });
});

describe("deletion switched off", () => {
  const off = [
    { name: "the embedded registry", real: false, start: () => startRegistry({ allowDelete: false }) },
    { name: "docker-registry", real: true, start: () => startDockerRegistry({ deleteEnabled: false }) },
  ];
  describe.each(off)("of $name", ({ real, start }) => {
    test.skipIf(real && dockerRegistryProgram === undefined)(
      "every deletion is answered with 405, except of an upload",
      async () => {
        const registry = await start();
        try {
          const here = protocolSteps(registry.url, "protocol/deletion");
          const { digest } = await here.image("tag");
          expect(await status(here.ask("DELETE", `manifests/${digest}`))).toEqual([405, "UNSUPPORTED"]);
          expect(await status(here.ask("DELETE", `manifests/${UNKNOWN_DIGEST}`))).toEqual([405, "UNSUPPORTED"]);
          expect(await status(here.ask("DELETE", `blobs/${digestOf("layer of tag")}`))).toEqual([405, "UNSUPPORTED"]);
          expect((await here.ask("DELETE", await here.begin())).status).toBe(204);
          expect((await here.read("tag")).status).toBe(200);
        } finally {
          await registry.close();
        }
      },
    );
  });
});

async function startOnDisk(): Promise<Started> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-registry-"));
  const registry = await startRegistry({ storage: { directory } });
  return {
    url: registry.url,
    host: registry.host,
    async close() {
      await registry.close();
      await rm(directory, { recursive: true });
    },
  };
}
