import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freeable, ideal, inspectRemains, worst } from "../../../bench/deletes/remains.ts";
import { doomedRepository } from "../../../bench/deletes/repository.ts";
import { type RunningRegistry, startRegistry } from "../../../embedded-registry/index.ts";
import { exchange, push } from "../../support/images/index.ts";

const repository = "team/app";
const doomed = doomedRepository(20, 3);
const unneeded = freeable(doomed);

let registry: RunningRegistry;

beforeEach(async () => {
  registry = await startRegistry();
  for (const [tag, image] of doomed.tags) await push(image, { host: registry.host, repository, tag });
});
afterEach(() => registry.close());

async function remove(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const { status } = await exchange(registry, { method: "DELETE", target: `/v2/${repository}/${path}` });
    expect(status).toBe(202);
  }
}

describe("what remains of a repository", () => {
  test("in which nothing was removed is all of it", async () => {
    expect(await inspectRemains({ host: registry.host, repository }, doomed)).toEqual({
      removed: 0,
      lost: 0,
      whole: 17,
      manifests: unneeded.manifests.size,
      blobs: unneeded.blobs.size,
    });
  });

  test("is ideal when the tags are gone, and what only they had", async () => {
    await remove(...doomed.removals.map(({ tag }) => `manifests/${tag}`));
    await remove(...[...unneeded.manifests].map((digest) => `manifests/${digest}`));
    await remove(...[...unneeded.blobs].map((digest) => `blobs/${digest}`));
    expect(await inspectRemains({ host: registry.host, repository }, doomed)).toEqual(ideal(doomed));
  });

  test("lacks the other tags of a digest that was deleted", async () => {
    await remove(...doomed.removals.map(({ digest }) => `manifests/${digest}`));
    expect(await inspectRemains({ host: registry.host, repository }, doomed)).toMatchObject({
      removed: 3,
      lost: 1,
      whole: 16,
      manifests: 0,
      blobs: unneeded.blobs.size,
    });
  });

  test("is not whole when a layer is gone that other images need", async () => {
    const layer = doomed.tags.get("v1")?.blobs.find((blob) => !unneeded.blobs.has(blob.digest));
    await remove(`blobs/${layer?.digest ?? ""}`);
    const { lost, whole } = await inspectRemains({ host: registry.host, repository }, doomed);
    expect(lost).toBe(0);
    expect(whole).toBeLessThan(17);
  });
});

test("the worst of several runs takes the worst of each figure", () => {
  const [a, b] = [ideal(doomed), { removed: 2, lost: 1, whole: 16, manifests: 4, blobs: 5 }];
  expect(worst([a, b, a])).toEqual(b);
});

test("a doomed repository has removed tags whose image another tag keeps, and others whose image goes", () => {
  expect(doomed.removals).toHaveLength(3);
  expect(doomed.removals.map(({ digest }) => unneeded.manifests.has(digest))).toEqual([false, true, true]);
  const large = doomedRepository(500, 50);
  expect(large.tags.size).toBe(500);
  expect(large.removals).toHaveLength(50);
  expect(freeable(large).manifests.size).toBe(44);
});
