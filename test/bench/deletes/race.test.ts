import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../../bench/bundle.ts";
import { ourRemovers, peerRemovers, type Remover, replayed } from "../../../bench/deletes/contestants.ts";
import { fillRegistry, raceRemovals, removeCounted } from "../../../bench/deletes/race.ts";
import { ideal } from "../../../bench/deletes/remains.ts";
import { doomedRepository } from "../../../bench/deletes/repository.ts";
import type { BenchRegistry } from "../../../bench/docker-registry.ts";
import { skopeoProgram } from "../../acceptance/skopeo.ts";
import { dockerRegistryProgram } from "../../support/registries/index.ts";

const doomed = doomedRepository(20, 3);
const gone = doomed.removals.length;

describe.skipIf([dockerRegistryProgram, skopeoProgram].includes(undefined))("at a docker-registry", () => {
  let original: BenchRegistry;
  let removers: readonly Remover[] = [];

  beforeAll(async () => {
    original = await fillRegistry(doomed);
    const loops = { remove: await bundle("remove-images"), replay: await bundle("replay-remove") };
    const peers = new Map([["skopeo", { command: skopeoProgram ?? "", version: "of this system" }]] as const);
    removers = [...ourRemovers(loops, gone), ...replayed(loops), ...peerRemovers(peers)];
  });
  afterAll(() => original.close());

  const named = (words: string): Remover => {
    const found = removers.find(({ name }) => name.includes(words));
    if (found === undefined) throw new Error(words);
    return found;
  };

  test("imagesync leaves what is ideal, by few requests, of which none reads a manifest twice", async () => {
    const { requests, remains } = await removeCounted(original, doomed, named("imagesync, 3 at a time"));
    expect(remains).toEqual(ideal(doomed));
    const manifests = new Set([...doomed.tags.values()].map((image) => image.digest)).size;
    // Every manifest once for the mark, and each removed one once more by its tag, to be put back if need be. And once
    // for each, whether it has a tag as an earlier digest: that there is none is believed to GET only.
    expect(requests["GET manifest"]).toBeLessThanOrEqual(manifests + 2 * gone);
  });

  test("the replay reads the manifest of every tag for each image, and keeps a tag that shares its image", async () => {
    const { requests, remains } = await removeCounted(original, doomed, named("(replay), 1 at a time"));
    expect(remains).toMatchObject({ removed: gone - 1, lost: 0, manifests: 0 });
    expect(remains.blobs).toBeGreaterThan(0);
    // The last image sees 18 tags, 17 without its own; the one that is shared stops at its second name.
    expect(requests).toMatchObject({ "GET tags": gone, "DELETE manifest": 2 * gone - 1 });
    expect(requests["GET base"]).toBe((requests["GET manifest"] ?? 0) + 3 * gone - 1);
    expect(requests["GET manifest"]).toBeGreaterThan((gone - 1) * (doomed.tags.size - gone));
  });

  test("skopeo loses the other tag of a digest", async () => {
    const { remains } = await removeCounted(original, doomed, named("skopeo"));
    expect(remains).toMatchObject({ removed: gone, lost: 1, whole: doomed.tags.size - gone - 1, manifests: 0 });
  });

  test("every run begins with the whole repository, and a contestant that fails says why", async () => {
    const idle: Remover = { name: "idle", version: "1", ours: false, command: () => ["true"] };
    const broken: Remover = { ...idle, name: "broken", command: () => ["bash", "-c", "echo no >&2; exit 3"] };
    const results = await raceRemovals(original, doomed, [named("skopeo"), idle, broken], 2);
    expect(results.map(({ costs, remains }) => [costs.length, remains.length])).toEqual([
      [2, 3],
      [2, 3],
      [0, 0],
    ]);
    expect(results[1]?.remains).toMatchObject([{ removed: 0 }, { removed: 0 }, { removed: 0 }]);
    expect(results[2]?.failure).toMatch(/exit code 3[\s\S]*no/);
  });
});
