import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { createEngine, parseReference, type PlanItem } from "../../engine/index.ts";
import { buildTagSet, exchange, fetchTree, push, type TestManifest, treeOf } from "../support/images/index.ts";
import { basicAuthorization } from "../support/registries/index.ts";
import type { Work } from "./copying-process.ts";
import { badWeather, randomNumbers } from "./random-faults.ts";

const soak = process.env["IMAGESYNC_SOAK"] === "1";
const login = { user: "robot", password: "the password of the soak" };
/** Another one plays another storm; the one that failed stands in the message. */
const seed = Number(process.env["IMAGESYNC_SOAK_SEED"] ?? 20_260_730);

/** Bytes that may go over the wire for each byte of the images; of a few images one broken upload is a large part. */
const mostBytes = soak ? 1.3 : 2;

/** Images on a few bases, some of their layers large enough to be streamed. */
function buildImages(count: number): ReadonlyMap<string, TestManifest> {
  return buildTagSet({
    seed: `soak of ${count}`,
    tags: count,
    manifests: count,
    bases: Math.ceil(count / 20),
    baseLayers: [1_500_000, 200_000, 3000],
    ownLayers: [1_200_000, 60_000, 700],
  });
}

/** Bytes of everything that is different in the images. */
function payloadOf(images: Iterable<TestManifest>): number {
  const sizes = new Map<string, number>();
  for (const image of images) {
    sizes.set(image.digest, image.bytes.length);
    for (const { digest, size } of image.blobs) sizes.set(digest, size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

async function openRegistry(lifetimeSeconds: number): Promise<RunningRegistry> {
  const registry = await startRegistry({
    auth: { kind: "token", users: { [login.user]: login.password }, lifetimeSeconds },
  });
  onTestFinished(() => registry.close());
  return registry;
}

/** Who seeds and looks on, with a token that is never too old. */
async function endpointOf(
  registry: RunningRegistry,
  repository: string,
): Promise<{ readonly host: string; readonly headers: Record<string, string> }> {
  const target = `/token?scope=repository:${repository}:pull,push`;
  const headers = { authorization: basicAuthorization(login) };
  const answer = await exchange({ host: registry.host }, { method: "GET", target, headers });
  const { token } = JSON.parse(answer.body.toString()) as { token: string };
  return { host: registry.host, headers: { authorization: `Bearer ${token}` } };
}

async function seedAll(registry: RunningRegistry, images: ReadonlyMap<string, TestManifest>): Promise<void> {
  const present = new Set<string>();
  for (const [tag, image] of images) {
    await push(image, { ...(await endpointOf(registry, "from/app")), repository: "from/app", tag, present });
  }
}

async function expectArrived(registry: RunningRegistry, images: ReadonlyMap<string, TestManifest>): Promise<void> {
  for (const [tag, image] of images) {
    expect(await fetchTree(await endpointOf(registry, "to/app"), "to/app", tag)).toEqual(treeOf(image));
  }
}

const bytes = (registry: RunningRegistry, direction: "bytesIn" | "bytesOut"): number =>
  registry.requests.reduce((sum, record) => sum + record[direction], 0);

describe(`registries that fail at random (seed ${seed})`, { timeout: soak ? 900_000 : 60_000 }, () => {
  const images = buildImages(soak ? 300 : 12);

  test(`${images.size} images arrive byte for byte, at the cost of few more bytes than they have`, async () => {
    const [source, destination] = [await openRegistry(soak ? 3 : 1), await openRegistry(soak ? 3 : 1)];
    await seedAll(source, images);
    source.resetCounts();
    const random = randomNumbers(seed);
    const weather = { random, requestsPerWindow: 150, windowMs: 150, latencyMs: 40 };
    source.intercept = badWeather(weather);
    destination.intercept = badWeather(weather);
    const engine = createEngine({
      registries: [source, destination].map(({ host }) => ({ address: host, plainHttp: true })),
      // The pauses of one request together are longer than a window.
      retry: { attempts: 8, baseDelayMs: 30, maxDelayMs: 500, budgetMs: 30_000 },
      credentials: {
        explicit: [source, destination].map(({ host }) => ({
          address: host,
          credential: { kind: "basic", username: login.user, password: login.password },
        })),
      },
    });
    onTestFinished(() => engine.close());
    const plans = await Promise.all(
      [...images.keys()].map((tag) =>
        engine.plan({
          source: parseReference(`${source.host}/from/app:${tag}`),
          destination: parseReference(`${destination.host}/to/app:${tag}`),
        }),
      ),
    );
    const items: PlanItem[] = plans.flatMap((plan) => plan.items);
    const report = await engine.apply({ items });
    source.intercept = undefined;
    destination.intercept = undefined;
    expect(report.items.flatMap(({ error }) => error?.message ?? [])).toEqual([]);
    const failures = [...source.requests, ...destination.requests].filter(({ status }) => status >= 429);
    expect(failures.length).toBeGreaterThan(0);
    const payload = payloadOf(images.values());
    const { bytesReceived, bytesSent } = engine.statistics();
    expect(Math.max(bytesReceived, bytes(source, "bytesOut")) / payload).toBeLessThanOrEqual(mostBytes);
    expect(Math.max(bytesSent, bytes(destination, "bytesIn")) / payload).toBeLessThanOrEqual(mostBytes);
    await expectArrived(destination, images);
  });
});

describe("a process that is killed again and again", { timeout: soak ? 900_000 : 60_000 }, () => {
  const images = buildImages(soak ? 300 : 12);

  test(`${images.size} images arrive, no tag is torn, and nothing is sent that was there`, async () => {
    const [source, destination] = [await openRegistry(300), await openRegistry(300)];
    await seedAll(source, images);
    const work: Work = {
      source: source.host,
      destination: destination.host,
      password: login.password,
      tags: [...images.keys()],
    };
    const whole = new Set<string>();
    let kills = 0;
    let exitCode: number | null = null;
    while (exitCode === null) {
      // Each life brings some blobs, so the end comes; how many it brings differs.
      exitCode = await live(destination, work, 5 + ((kills * 7) % (soak ? 60 : 11)));
      if (exitCode === null) kills += 1;
      await expectNoTornTag(destination, images, whole);
      expect(kills).toBeLessThan(1000);
    }
    expect(exitCode).toBe(0);
    expect(kills).toBeGreaterThan(2);
    expect(sentTwice(destination)).toEqual([]);
    await expectArrived(destination, images);
  });
});

/** One life of the process: it is killed when so many uploads have arrived; null then, else its exit code. */
async function live(destination: RunningRegistry, work: Work, uploads: number): Promise<number | null> {
  const path = fileURLToPath(new URL("./copying-process.ts", import.meta.url));
  const child = spawn(process.execPath, [path], {
    env: { ...process.env, WORK: JSON.stringify(work) },
    stdio: ["ignore", "inherit", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let arrived = 0;
  destination.intercept = ({ kind, method }) => {
    if (kind === "upload" && method === "PUT") arrived += 1;
    if (arrived === uploads) child.kill("SIGKILL");
    return undefined;
  };
  const [code] = (await once(child, "exit")) as [number | null];
  destination.intercept = undefined;
  return code;
}

/** Every tag that is there is whole. `whole` has those that were seen to be, and grows. */
async function expectNoTornTag(
  destination: RunningRegistry,
  images: ReadonlyMap<string, TestManifest>,
  whole: Set<string>,
): Promise<void> {
  const endpoint = await endpointOf(destination, "to/app");
  const answer = await exchange(endpoint, { method: "GET", target: "/v2/to/app/tags/list" });
  if (answer.status === 404) return;
  const { tags } = JSON.parse(answer.body.toString()) as { tags: string[] | null };
  for (const tag of (tags ?? []).filter((name) => !whole.has(name))) {
    const image = images.get(tag);
    if (image === undefined) throw new Error(`Nobody has pushed ${tag}`);
    expect(await fetchTree(endpoint, "to/app", tag)).toEqual(treeOf(image));
    whole.add(tag);
  }
}

/** Digests of blobs that were sent once more after the registry had taken them. */
function sentTwice(destination: RunningRegistry): string[] {
  const taken = new Set<string>();
  const twice: string[] = [];
  for (const { kind, method, path, status } of destination.requests) {
    if (kind !== "upload" || method !== "PUT") continue;
    const digest = new URL(path, destination.url).searchParams.get("digest") ?? "";
    if (taken.has(digest)) twice.push(digest);
    if (status === 201) taken.add(digest);
  }
  return twice;
}
