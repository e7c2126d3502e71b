import { describe, expect, test } from "vitest";
import type { RunningRegistry } from "../../embedded-registry/index.ts";
import { createEngine, parseReference } from "../../engine/index.ts";
import { mirror, openRegistry, patient, pushTo, setStage } from "../acceptance/stage.ts";
import { buildImage, buildPlatformIndex, exchange, type TestManifest } from "../support/images/index.ts";
import { terraformProgram } from "../support/terraform/index.ts";
import { documentOf, tableUnder } from "./markdown.ts";

const rows = tableUnder("Cost", documentOf("docs/guides/how-it-works.md"));
const small = buildPlatformIndex({ seed: "cost", layers: [1000], shared: 2000 });
const large = buildImage({ seed: "cost, large", layers: [1_100_000, 1_200_000, 500] });
const single = buildImage({ seed: "cost, single", layers: [1000] });

/** Rows that a test of this file has measured. */
const measured: string[] = [];

/** What the table says of an operation on an image: methods with their numbers, for each side. */
function documented(operation: string, image: TestManifest): { source: object; destination: object } {
  measured.push(operation);
  const row = rows.find(([name]) => name === operation);
  if (row === undefined) throw new Error(`docs/guides/how-it-works.md says nothing of "${operation}" under "Cost"`);
  const [, source = "", destination = ""] = row;
  return { source: evaluate(source, image), destination: evaluate(destination, image) };
}

function evaluate(cell: string, image: TestManifest): Record<string, number> {
  const sizes = blobSizes(image);
  const factors: Readonly<Record<string, number>> = {
    manifest: 1 + image.children.length,
    platform: image.children.length,
    blob: sizes.length,
    "larger blob": sizes.filter((size) => size >= 1024 * 1024).length,
  };
  const sum: Record<string, number> = {};
  for (const term of cell.split(", ").filter((each) => each !== "")) {
    const [, method = "", noun] = /^([A-Z]+)(?: per ([a-z ]+))?$/.exec(term) ?? [];
    const factor = noun === undefined ? 1 : factors[noun];
    if (method === "" || factor === undefined) throw new Error(`"${term}" is no number of requests`);
    sum[method] = (sum[method] ?? 0) + factor;
  }
  return sum;
}

function blobSizes(image: TestManifest): number[] {
  const sizes = new Map<string, number>();
  const visit = ({ blobs, children }: TestManifest): void => {
    for (const { digest, size } of blobs) sizes.set(digest, size);
    children.forEach(visit);
  };
  visit(image);
  return [...sizes.values()];
}

function counted(registry: RunningRegistry): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { method } of registry.requests) sum[method] = (sum[method] ?? 0) + 1;
  return sum;
}

describe("the documented cost of a copy", () => {
  async function copyCost(
    image: TestManifest,
    options: { readonly twice?: boolean; readonly mounts?: boolean } = {},
  ): Promise<{ source: object; destination: object }> {
    const [source, destination] = [await openRegistry(), await openRegistry()];
    await pushTo(source, "from/app", "1", image);
    const unused = options.mounts === false ? await refuseMounts(destination, "to/app") : [];
    const registries = [source, destination].map(({ host }) => ({ address: host, plainHttp: true }));
    const rule = {
      source: parseReference(`${source.host}/from/app:1`),
      destination: parseReference(`${destination.host}/to/app:1`),
    };
    for (const last of options.twice === true ? [false, true] : [true]) {
      const engine = createEngine({ registries, userAgent: "test", environment: {} });
      if (last) for (const registry of [source, destination]) registry.resetCounts();
      const report = await engine.apply(await engine.plan(rule));
      expect(report.items.map(({ error }) => error)).toEqual([undefined]);
      await engine.close();
    }
    expect(destination.openUploads()).toBe(unused.length);
    return { source: counted(source), destination: counted(destination) };
  }

  test("is true of an image in place", async () => {
    expect(await copyCost(small, { twice: true })).toEqual(documented("copy of what is in place", small));
  });

  test("is true of small blobs", async () => {
    const operation = "cold copy, blobs under 1 MiB";
    expect(await copyCost(small)).toEqual(documented(operation, small));
    expect(await copyCost(single)).toEqual(documented(operation, single));
  });

  test("is true of large blobs at a registry that mounts", async () => {
    const operation = "cold copy, larger blobs, where blobs can be mounted";
    expect(await copyCost(large)).toEqual(documented(operation, large));
  });

  test("is true of large blobs at a registry that does not mount", async () => {
    const operation = "cold copy, larger blobs, where they can't";
    expect(await copyCost(large, { mounts: false })).toEqual(documented(operation, large));
  });
});

/**
 * Makes a registry that does not mount: asked to, it opens an upload, as the specification allows. The uploads it
 * answers with are opened here; those that nobody was given are returned.
 */
async function refuseMounts(registry: RunningRegistry, repository: string): Promise<string[]> {
  const open = async (): Promise<string> => {
    const answer = await exchange(registry, {
      method: "POST",
      target: `/v2/${repository}/blobs/uploads/`,
      headers: { "content-length": 0 },
    });
    return answer.headers.location ?? "";
  };
  const uploads = await Promise.all(Array.from({ length: 8 }, open));
  registry.intercept = ({ kind, method, path }) => {
    if (kind !== "upload" || method !== "POST" || !path.includes("mount=")) return undefined;
    return { respond: { status: 202, headers: { Location: uploads.pop() ?? "" } } };
  };
  return uploads;
}

describe.skipIf(terraformProgram === undefined)("the documented cost under terraform", patient, () => {
  async function planCost(
    image: TestManifest,
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<{ source: object; destination: object }> {
    const { source, destination, workspace, config } = await setStage();
    await pushTo(source, "from/app", "1", image);
    const ends = { source: `${source.host}/from/app:1`, destination: `${destination.host}/to/app:1` };
    await workspace.write(config(mirror({ ...ends, ...attributes })));
    await workspace.apply();
    for (const registry of [source, destination]) registry.resetCounts();
    expect((await workspace.plan()).actions).toEqual({});
    return { source: counted(source), destination: counted(destination) };
  }

  test("is true of a plan for an image of one platform", async () => {
    expect(await planCost(single)).toEqual(documented("refresh and plan of an image in place", single));
  });

  test("is true of a plan for an index", async () => {
    expect(await planCost(small)).toEqual(documented("refresh and plan of an index in place", small));
  });

  test.each(["tag", "blobs"])("is true of a plan with integrity_check = %s", async (depth) => {
    const operation = `the same, \`integrity_check = "${depth}"\``;
    expect(await planCost(small, { integrity_check: depth })).toEqual(documented(operation, small));
  });

  test("is true of a destroy", async () => {
    const { source, destination, workspace, config } = await setStage();
    await pushTo(source, "from/app", "1", small);
    const ends = { source: `${source.host}/from/app:1`, destination: `${destination.host}/to/app:1` };
    await workspace.write(config(mirror({ ...ends, deletion_policy: "untag" })));
    await workspace.apply();
    const plan = await workspace.plan({ args: ["-destroy"] });
    for (const registry of [source, destination]) registry.resetCounts();
    await workspace.apply(plan);
    const cost = { source: counted(source), destination: counted(destination) };
    expect(cost).toEqual(documented('destroy with `deletion_policy = "untag"`', small));
  });

  test("was measured for every row of the table", () => {
    expect(new Set(measured)).toEqual(new Set(rows.map(([operation]) => operation)));
  });
});
