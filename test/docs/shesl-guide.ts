import { writeFile } from "node:fs/promises";
import { expect } from "vitest";
import type { RunningRegistry } from "../../embedded-registry/index.ts";
import { configuration, mirror, openAttached, openRegistry, openWorkspaceFor, pushTo } from "../acceptance/stage.ts";
import { buildImage, buildPlatformIndex, type TestManifest } from "../support/images/index.ts";
import { nested } from "../support/terraform/index.ts";
import type { Handler } from "./handler.ts";
import { substitute } from "./newcomer.ts";
import { guideBlocks } from "./reader.ts";
import { mustRun, type ShellOptions } from "./shell.ts";
import { stripVTControlCharacters } from "node:util";

/** The guide from the provider whose name, resource and states this one has. */
export const sheslGuideHandler: Handler = {
  proves: "the guide from sHesl/imagesync takes a state over, and the plans are those that it announces",
  blocks: guideBlocks("migrating-from-shesl", ["The configuration", 2], ["The steps", 2]),
  needs: ["terraform"],
  async run([before, after, replace, plan]) {
    const wanted = after?.text ?? "";
    // One line changes.
    expect(before?.text.replace("sHesl/imagesync", "imagesync/imagesync")).toBe(wanted);
    const registry = await openRegistry();
    const provider = await openAttached();
    const workspace = await openWorkspaceFor(provider);
    const shell = { home: workspace.directory, directory: workspace.directory };
    const options: ShellOptions = { ...shell, environment: provider.environment, input: "yes\n" };
    const places = { "source.example.com": registry.host, "registry.example.com": registry.host };
    const ends = {
      source: `${registry.host}/library/busybox:1.32`,
      destination: `${registry.host}/mirror/busybox:1.32`,
    };
    const image = buildImage({ seed: "busybox", layers: [1000] });
    for (const repository of ["library/busybox", "mirror/busybox"]) await pushTo(registry, repository, "1.32", image);
    const old = { ...ends, id: `${registry.host}/mirror/busybox@${image.digest}`, source_digest: image.digest };
    await writeFile(workspace.path("terraform.tfstate"), stateOfOld({ busybox: old }));
    const reached = `provider "imagesync" {\n  registry {\n    address    = "${registry.host}"\n    plain_http = true\n  }\n}\n`;
    await workspace.write(`${substitute(wanted, places)}\n${reached}`);
    expect(await mustRun(replace?.text ?? "", options)).toContain("Successfully replaced provider for 1 resources");
    registry.resetCounts();
    const said = stripVTControlCharacters(await mustRun(plan?.text ?? "", options));
    expect(said).toContain("No changes.");
    expect(registry.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
    await expectPlans(replace?.text ?? "");
  },
};

interface Case {
  readonly image: TestManifest;
  /** What that provider had copied. */
  readonly copied: TestManifest;
  /** What the tag holds now, where it is something else. */
  readonly now?: TestManifest;
  readonly platforms?: readonly string[];
  /** What that provider had made of the destination in the id, where that was wrong. */
  readonly lost?: string;
  readonly update: boolean;
}

/** What the plan shows in each of the cases that the guide has in its table. */
async function expectPlans(replace: string): Promise<void> {
  const registry = await openRegistry();
  const provider = await openAttached();
  const workspace = await openWorkspaceFor(provider);
  const at = (repository: string): string => `${registry.host}/${repository}`;
  const cases = casesFor(registry);
  const states: Record<string, object> = {};
  const resources: string[] = [];
  for (const [name, { image, copied, now = copied, platforms, lost }] of Object.entries(cases)) {
    await pushTo(registry, `from/${name}`, "1", image);
    await pushTo(registry, `to/${name}`, "1", copied);
    await pushTo(registry, `to/${name}`, "1", now);
    const ends = { source: at(`from/${name}:1`), destination: at(`to/${name}:1`) };
    states[name] = { ...ends, id: `${lost ?? at(`to/${name}`)}@${copied.digest}`, source_digest: copied.digest };
    resources.push(mirror({ ...ends, ...(platforms === undefined ? {} : { platforms }) }, name));
  }
  await writeFile(workspace.path("terraform.tfstate"), stateOfOld(states));
  const block = { registry: nested({ address: registry.host, plain_http: true }) };
  await workspace.write(configuration(block, ...resources));
  const shell = { home: workspace.directory, directory: workspace.directory };
  await mustRun(replace, { ...shell, environment: provider.environment, input: "yes\n" });

  const plan = await workspace.plan();
  const updated = Object.entries(cases).filter(([, { update }]) => update);
  expect(plan.actions).toEqual(Object.fromEntries(updated.map(([name]) => [`imagesync.${name}`, "update"])));
  const id = (name: string): string => `${at(`to/${name}`)}@${cases[name]?.image.digest}`;
  expect(plan.before("imagesync.port")).toMatchObject({ id: id("port") });
  for (const name of ["index", "moved", "foreign"])
    expect(plan.after(`imagesync.${name}`)).toMatchObject({ id: id(name) });
  await workspace.apply(plan);
  expect((await workspace.plan()).actions).toEqual({});
  const kept = (await workspace.state()).attributes("imagesync.kept")["platform_digests"];
  expect(kept).toEqual({ "linux/amd64": cases["kept"]?.copied.digest });
}

function casesFor({ host }: RunningRegistry): Readonly<Record<string, Case>> {
  const single = buildImage({ seed: "single of old", layers: [1000] });
  const index = buildPlatformIndex({ seed: "index of old", layers: [1000] });
  const other = buildImage({ seed: "another", layers: [1000] });
  const [amd64 = single] = index.children;
  return {
    single: { image: single, copied: single, update: false },
    // With a port in the destination that provider lost the repository.
    port: { image: single, copied: single, lost: host.split(":")[0] ?? "", update: false },
    index: { image: index, copied: amd64, update: true },
    kept: { image: index, copied: amd64, platforms: ["linux/amd64"], update: true },
    moved: { image: other, copied: single, update: true },
    foreign: { image: single, copied: single, now: other, update: true },
  };
}

/** A state file as Terraform wrote it for that provider, whose schema had version 1. */
function stateOfOld(resources: Readonly<Record<string, object>>): string {
  return JSON.stringify({
    version: 4,
    terraform_version: "0.13.5",
    serial: 1,
    lineage: "6c1a7e1c-9d2b-4f6c-8f8b-0d6a4c1f2b3e",
    outputs: {},
    resources: Object.entries(resources).map(([name, attributes]) => ({
      mode: "managed",
      type: "imagesync",
      name,
      provider: 'provider["registry.terraform.io/shesl/imagesync"]',
      instances: [{ schema_version: 1, attributes }],
    })),
  });
}
