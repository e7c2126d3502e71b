import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchTree } from "../../support/images/index.ts";
import { dockerRegistryProgram, startDockerRegistry } from "../../support/registries/index.ts";
import { openWorld, type World } from "../world.ts";

const sources = { "docker.io": {}, "k8s.gcr.io": {}, "quay.io": {} };

/** Tags of the sources, as those projects have them, and tags that an earlier run has left at the destination. */
const before: Readonly<Record<string, readonly string[]>> = {
  "k8s.gcr.io/ingress-nginx/controller": ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0-beta.0", "latest"],
  "eu.gcr.io/tammert/ingress-nginx/controller": ["v1.1.0"],
  "docker.io/runatlantis/atlantis": ["v0.20.0", "v0.20.1", "v0.21.0-pre.20221110", "dev", "latest"],
  "k8s.gcr.io/external-dns/external-dns": ["v0.12.2", "v0.13.1"],
  "quay.io/jetstack/cert-manager-controller": ["v1.9.1", "v1.10.0", "v1.10.0-alpha.0", "canary"],
  "docker.io/velero/velero": ["v1.9.0", "v1.9.0-rc.1", "main"],
  "docker.io/library/docker": ["20.10.20", "20.10.20-dind", "20.10.21", "20.10.21-dind", "20.10.21-git", "dind"],
  "docker.io/google/cloud-sdk": ["408.0.0", "408.0.1-alpine", "407.0.0-alpine", "alpine"],
  "docker.io/library/redis": ["5.0.14", "6.0.16", "6.2.6", "6.2.7", "6.2.7-alpine", "7.0.5"],
};

async function openDocumented(left: Readonly<Record<string, readonly string[]>>, real?: string): Promise<World> {
  const world =
    real === undefined
      ? await openWorld({ ...sources, "eu.gcr.io": {} })
      : await openWorld(sources, { "eu.gcr.io": real });
  for (const [repository, tags] of Object.entries({ ...before, ...left })) {
    for (const tag of tags) await world.push(`${repository}:${tag}`);
  }
  return world;
}

/** Tags of the repositories below `eu.gcr.io/tammert`. */
async function after(world: World, ...repositories: readonly string[]): Promise<Record<string, readonly string[]>> {
  const tags = repositories.map(async (name) => [name, await world.tags(`eu.gcr.io/tammert/${name}`)] as const);
  return Object.fromEntries(await Promise.all(tags));
}

const firstAge = join(import.meta.dirname, "first-age.yaml");
const laterAge = join(import.meta.dirname, "later-age.yaml");
const { first, later } = {
  first: {
    "ingress-nginx/controller": ["v1.1.0", "v1.2.0"],
    "runatlantis/atlantis": ["dev", "latest", "v0.20.0", "v0.20.1", "v0.21.0-pre.20221110"],
    "external-dns/external-dns": ["v0.13.1"],
    "jetstack/cert-manager-controller": ["v1.10.0", "v1.9.1"],
    "velero/velero": ["v1.9.0", "v1.9.0-rc.1"],
    docker: ["20.10.20", "20.10.21", "20.10.21-dind", "20.10.21-git"],
  },
  later: {
    "ingress-nginx/controller": ["v1.1.0", "v1.2.0"],
    "runatlantis/atlantis": ["v0.20.0", "v0.20.1"],
    "external-dns/external-dns": ["v0.13.1"],
    "jetstack/cert-manager-controller": ["v1.10.0", "v1.9.1"],
    "velero/velero": ["v1.9.0"],
    docker: ["20.10.20-dind", "20.10.21-dind"],
    "google/cloud-sdk": ["408.0.1-alpine"],
    redis: ["6.2.6", "6.2.7"],
  },
};
const leftByFirst = { "eu.gcr.io/tammert/docker": ["20.10.20"] };
const leftByLater = { "eu.gcr.io/tammert/docker": ["20.10.20-dind"], "eu.gcr.io/tammert/redis": ["6.2.6"] };

describe("the configuration that replicant documents", () => {
  test("of its first age is done as documented, and what is done is not done again", async () => {
    const world = await openDocumented(leftByFirst);
    const outcome = await world.run(["replicant", "-c", firstAge]);
    expect(outcome).toMatchObject({ code: 0, stderr: expect.not.stringContaining("failed") as string });
    expect(await after(world, ...Object.keys(first))).toEqual(first);
    // Of a tag that was there and held something else, with replace-tag.
    expect(await world.digest("eu.gcr.io/tammert/external-dns/external-dns:v0.13.1")).toBe(
      await world.digest("k8s.gcr.io/external-dns/external-dns:v0.13.1"),
    );
    world.registry("eu.gcr.io").resetCounts();
    expect(await world.run(["replicant", "-c", firstAge])).toMatchObject({ code: 0 });
    expect(world.writes("eu.gcr.io")).toEqual([]);
  });

  test("of its later age is done as documented", async () => {
    const world = await openDocumented(leftByLater);
    const outcome = await world.run(["replicant", "-c", laterAge]);
    expect(outcome).toMatchObject({ code: 0, stderr: expect.not.stringContaining("failed") as string });
    expect(await after(world, ...Object.keys(later))).toEqual(later);
  });

  test("is what imagesync sync does with it too", async () => {
    const world = await openDocumented(leftByLater);
    expect((await world.run(["sync", "-c", laterAge])).code).toBe(0);
    expect(await after(world, ...Object.keys(later))).toEqual(later);
  });

  test.skipIf(dockerRegistryProgram === undefined)("is done at docker-registry, image by image whole", async () => {
    const registry = await startDockerRegistry();
    onTestFinished(() => registry.close());
    const world = await openDocumented(leftByLater, registry.host);
    expect((await world.run(["replicant", "-c", laterAge])).code).toBe(0);
    expect(await after(world, ...Object.keys(later))).toEqual(later);
    await fetchTree(registry, "tammert/velero/velero", "v1.9.0");
  });
});
