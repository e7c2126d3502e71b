import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../../embedded-registry/index.ts";
import { buildTagSet, push } from "../../support/images/index.ts";
import { invoke } from "../invoke.ts";

const tags = 60;
const manifests = 48;
const images = buildTagSet({
  seed: "no-op",
  tags,
  manifests,
  bases: 3,
  baseLayers: [2000, 1500],
  ownLayers: [500],
});

/** A repository that is at its destination already: what another `sync` asks of both ends. */
async function noop(
  options: RegistryOptions,
  lines: readonly string[] = [],
): Promise<Record<"source" | "destination", Record<string, number>>> {
  const source = await filled("from/app", options);
  const destination = await filled("to/app", options);
  const directory = await mkdtemp(join(tmpdir(), "imagesync-noop-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const file = join(directory, "imagesync.yaml");
  const registries = [source, destination].map(({ host }) => `  - {address: "${host}", plain_http: true}\n`);
  const ends = `source: "${source.host}/from/app", destination: "${destination.host}/to/app"`;
  const repository = `  - {${[ends, ...lines].join(", ")}}\n`;
  await writeFile(file, `version: 1\nregistries:\n${registries.join("")}repositories:\n${repository}`);
  for (const registry of [source, destination]) registry.resetCounts();
  const { code, stderr } = await invoke(["sync", "-c", file]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(stderr).toContain(`${tags} images: 0 copied, ${tags} unchanged; `);
  return { source: counted(source), destination: counted(destination) };
}

async function filled(repository: string, options: RegistryOptions): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  const present = new Set<string>();
  for (const [tag, image] of images) await push(image, { host: registry.host, repository, tag, present });
  return registry;
}

function counted({ requests }: RunningRegistry): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { method, kind } of requests) sum[`${method} ${kind}`] = (sum[`${method} ${kind}`] ?? 0) + 1;
  return sum;
}

test("a sync of what is in place costs a HEAD a tag and side, one list, and one look for an API of referrers", async () => {
  expect(await noop({ referrersApi: false })).toEqual({
    source: { "GET tags": 1, "HEAD manifest": tags, "GET referrers": 1 },
    destination: { "HEAD manifest": tags },
  });
});

test("where a registry lists referrers, each tag costs a look at its list more, and still no manifest is read", async () => {
  expect(await noop({ referrersApi: true })).toEqual({
    source: { "GET tags": 1, "HEAD manifest": tags, "GET referrers": tags },
    destination: { "HEAD manifest": tags },
  });
});

test("without referrers nothing but the list and a HEAD a tag and side is asked", async () => {
  expect(await noop({}, ["referrers: false"])).toEqual({
    source: { "GET tags": 1, "HEAD manifest": tags },
    destination: { "HEAD manifest": tags },
  });
});
