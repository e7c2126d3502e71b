import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  buildImage,
  buildIndex,
  type Endpoint,
  fetchTree,
  push,
  type TestManifest,
  treeOf,
} from "../support/images/index.ts";
import { dockerRegistryProgram, type RunningDockerRegistry } from "../support/registries/index.ts";
import { block, expectNothingToDo, expression } from "../support/terraform/index.ts";
import {
  destinations,
  expectTags,
  heldBy,
  isProgramMissing,
  openDockerRegistry,
  remainsOf,
  repository,
  type Scene,
  setScene,
} from "./destinations.ts";
import { mirror, openRegistry, patient, pushTo, setStage } from "./stage.ts";

/** Versions share a layer between their platforms, with each other and with the neighbour. */
const version = (seed: string): TestManifest =>
  buildIndex({
    children: ["amd64", "arm64"].map((architecture) =>
      buildImage({
        seed: `rollout, ${seed}, ${architecture}`,
        layers: [{ seed: "rollout, base", size: 2500 }, 700],
        platform: { os: "linux", architecture },
      }),
    ),
  });
const plain = (seed: string): TestManifest =>
  buildImage({ seed: `rollout, ${seed}`, layers: [{ seed: "rollout, base", size: 2500 }, 700] });
const [old, next, neighbour] = [version("old"), version("next"), version("neighbour")];

/** A Deployment that runs digests: it pulls all of them over and over, to the last blob, until it is stopped. */
function startReader(registry: Endpoint, images: readonly TestManifest[]): { stop(): Promise<void> } {
  const failures: string[] = [];
  const end = new AbortController();
  const rounds = (async () => {
    while (!end.signal.aborted) {
      for (const { digest } of images) {
        await pull(registry, digest).catch((error: unknown) => failures.push(String(error)));
      }
    }
  })();
  onTestFinished(async () => {
    end.abort();
    await rounds;
  });
  return {
    async stop() {
      end.abort();
      await rounds;
      expect(failures).toEqual([]);
      expect(strangeFaults(registry)).toEqual([]);
    },
  };
}

/** More than any rewrite of a small file takes. */
const attempts = 1000;

/**
 * Pulls all of an image. distribution 2.8 empties the link file of a manifest and writes it anew whenever the manifest is
 * put again, and to give it another tag is to put it again: who asks for the digest just then gets a 500, whatever client
 * has put it, and asks again, as clients do. Nothing else is asked for twice.
 */
async function pull(registry: Endpoint, digest: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await fetchTree(registry, repository, digest);
      return;
    } catch (error) {
      const isFault = String(error).includes(`/manifests/${digest}: status 500 `);
      if (!isFault || !("logs" in registry) || attempt === attempts) throw error;
    }
  }
}

/** What a docker-registry has answered with a 500 for any other reason than a link file that is just being written. */
function strangeFaults(registry: Endpoint): readonly string[] {
  if (!("logs" in registry)) return [];
  const lines = (registry as RunningDockerRegistry).logs().split("\n");
  return lines.filter((line) => / http\.response\.status=5/.test(line) && !line.includes(emptyLink));
}

const emptyLink = 'err.detail="invalid checksum digest format"';

function both({ config, origin, reference }: Scene): { alone: string; withNeighbour: string } {
  const live = mirror({ source: `${origin}:1`, destination: `${reference}:live` });
  return {
    alone: config(live),
    withNeighbour: config(
      live,
      mirror({ source: `${origin}:neighbour`, destination: `${reference}:neighbour` }, "neighbour"),
    ),
  };
}

/** Old version and neighbour are in place. */
async function running(open: () => Promise<{ readonly host: string }>): Promise<Scene> {
  const scene = await setScene(open);
  await pushTo(scene.source, "team/app", "1", old);
  await pushTo(scene.source, "team/app", "neighbour", neighbour);
  await scene.workspace.write(both(scene).withNeighbour);
  await scene.workspace.apply();
  return scene;
}

describe.skipIf(isProgramMissing).each(destinations)("a rollout from %s", patient, (_name, open) => {
  test("what runs by the old digest pulls all through an update and a rollback, whoever is destroyed meanwhile", async () => {
    const scene = await running(open);
    const { workspace, source, destination } = scene;
    const reader = startReader(destination, [old]);
    await pushTo(source, "team/app", "1", next);
    await workspace.write(both(scene).alone);
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update", "imagesync.neighbour": "delete" });
    await workspace.apply(plan);
    await expectTags(destination, { live: next, [heldBy(old, "live")]: old });
    expect(await remainsOf(destination, [neighbour], [old, next])).toEqual([]);
    const readerOfBoth = startReader(destination, [next]);
    await pushTo(source, "team/app", "1", old);
    await workspace.apply();
    await expectTags(destination, { live: old, [heldBy(next, "live")]: next });
    await Promise.all([reader.stop(), readerOfBoth.stop()]);
    await expectNothingToDo(workspace);
  });
});

describe.skipIf(isProgramMissing)("a rollout", patient, () => {
  test("the old digest can be pulled between any two writes to the registry, and so can the new one after it", async () => {
    const scene = await running(openRegistry);
    const { workspace, source } = scene;
    const destination = scene.destination as Awaited<ReturnType<typeof openRegistry>>;
    const pulled: unknown[] = [];
    let runs: readonly TestManifest[] = [old];
    destination.intercept = ({ method }) => {
      if (method === "GET" || method === "HEAD") return undefined;
      const pulls = runs.map((image) => fetchTree(destination, repository, image.digest));
      // A failure is kept for the test: a request that it failed would be tried again.
      return { until: Promise.allSettled(pulls).then((results) => pulled.push(...results)) };
    };
    await pushTo(source, "team/app", "1", next);
    await workspace.write(both(scene).alone);
    await workspace.apply();
    const duringUpdate = pulled.length;
    expect(duringUpdate).toBeGreaterThan(10);
    runs = [old, next];
    await pushTo(source, "team/app", "1", old);
    await workspace.apply();
    expect(pulled.length).toBeGreaterThan(duringUpdate);
    destination.intercept = undefined;
    const whole = [old, next].map((image) => ({ status: "fulfilled", value: treeOf(image) }));
    for (const pull of pulled) expect(whole).toContainEqual(pull);
    await expectTags(destination, { live: old, [heldBy(next, "live")]: next });
  });

  test("ids of an update go to what depends on it before anything older is missing", async () => {
    const stage = await setStage();
    const { workspace, source, destination, config } = stage;
    const reference = `${destination.host}/${repository}`;
    const main = config(
      mirror({ source: `${source.host}/team/app:1`, destination: `${reference}:live` }),
      block(`resource "terraform_data" "deployment"`, { input: expression("imagesync.x.id") }),
    );
    await workspace.write(main);
    for (const image of [old, next]) {
      await pushTo(source, "team/app", "1", image);
      await workspace.apply();
      expect((await workspace.state()).attributes("terraform_data.deployment")).toMatchObject({
        output: `${reference}@${image.digest}`,
      });
    }
    expect(await fetchTree(destination, repository, old.digest)).toEqual(treeOf(old));
  });

  // With -m it takes the platforms of every index, those of tagged ones too: https://github.com/distribution/distribution/issues/3178
  test.each([
    ["an image of one platform, with untagged manifests", ["-m"], plain],
    ["an index and all its platforms", [], version],
  ])("the real docker-registry's own collector leaves the previous digest alone: %s", async (_name, flags, build) => {
    const registry = await openDockerRegistry();
    const scene = await setScene(() => Promise.resolve(registry));
    const { workspace, source, origin, reference, config } = scene;
    const [before, after] = [build("before"), build("after")];
    await workspace.write(config(mirror({ source: `${origin}:1`, destination: `${reference}:live` })));
    for (const image of [before, after]) {
      await pushTo(source, "team/app", "1", image);
      await workspace.apply();
    }
    const untagged = plain("untagged by somebody");
    await push(untagged, { ...registry, repository });
    await collectGarbage(registry, flags);
    expect((await remainsOf(registry, [untagged], [before, after])).length > 0).toBe(flags.length === 0);
    await expectTags(registry, { live: after, [heldBy(before, "live")]: before });
    await pushTo(source, "team/app", "1", before);
    source.resetCounts();
    await workspace.apply();
    expect(source.counts()["GET blob"]).toBeUndefined();
    await expectTags(registry, { live: before, [heldBy(after, "live")]: after });
  });
});

/** Runs the collector of a docker-registry, which takes what nothing refers to, and with `-m` untagged manifests too. */
async function collectGarbage(registry: RunningDockerRegistry, flags: readonly string[]): Promise<void> {
  const config = join(dirname(registry.storageDirectory), "config.yml");
  await promisify(execFile)(dockerRegistryProgram ?? "", ["garbage-collect", ...flags, config], { maxBuffer: 1 << 24 });
}
