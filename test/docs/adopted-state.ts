import { writeFile } from "node:fs/promises";
import { expect } from "vitest";
import { configuration, mirror, openAttached, openRegistry, openWorkspaceFor, pushTo } from "../acceptance/stage.ts";
import { buildImage, buildPlatformIndex, type TestManifest } from "../support/images/index.ts";
import { nested } from "../support/terraform/index.ts";
import type { Handler } from "./handler.ts";
import { mustRun } from "./shell.ts";

/** The one command that takes over what another provider of the same name has made. */
export const adoptedStateHandler: Handler = {
  proves:
    "the states of sHesl/imagesync are taken over by the command as it is printed, with the plans that it announces",
  blocks: ["docs/guides/how-it-works.md > States of the provider sHesl/imagesync > 1"],
  needs: ["terraform"],
  async run([block]) {
    const registry = await openRegistry();
    const provider = await openAttached();
    const workspace = await openWorkspaceFor(provider);
    const single = buildImage({ seed: "single of old", layers: [1000] });
    const index = buildPlatformIndex({ seed: "index of old", layers: [1000] });
    const [amd64] = index.children;
    const at = (repository: string): string => `${registry.host}/${repository}`;
    const body = (name: string): { source: string; destination: string } => ({
      source: at(`from/${name}:1`),
      destination: at(`to/${name}:1`),
    });
    const old = (name: string, copied: TestManifest, repository: string): Record<string, string> => ({
      ...body(name),
      id: `${repository}@${copied.digest}`,
      source_digest: copied.digest,
    });
    for (const [name, image, copied] of [
      ["single", single, single],
      ["index", index, amd64 ?? single],
      ["kept", index, amd64 ?? single],
    ] as const) {
      await pushTo(registry, `from/${name}`, "1", image);
      await pushTo(registry, `to/${name}`, "1", copied);
    }
    await writeFile(
      workspace.path("terraform.tfstate"),
      stateOfOld({
        // With a port in the destination that provider lost the repository.
        single: old("single", single, registry.host.split(":")[0] ?? ""),
        index: old("index", amd64 ?? single, at("to/index")),
        kept: old("kept", amd64 ?? single, at("to/kept")),
      }),
    );
    await workspace.write(
      configuration(
        { registry: nested({ address: registry.host, plain_http: true }) },
        mirror(body("single"), "single"),
        mirror(body("index"), "index"),
        mirror({ ...body("kept"), platforms: ["linux/amd64"] }, "kept"),
      ),
    );
    const { environment } = provider;
    const said = await mustRun(block?.text ?? "", {
      home: workspace.directory,
      directory: workspace.directory,
      environment,
      input: "yes\n",
    });
    expect(said).toContain("Successfully replaced provider for 3 resources");

    const plan = await workspace.plan();
    expect(plan.actions["imagesync.single"]).toBeUndefined();
    expect(plan.before("imagesync.single")).toMatchObject({ id: `${at("to/single")}@${single.digest}` });
    expect(plan.actions["imagesync.index"]).toBe("update");
    expect(plan.after("imagesync.index")).toMatchObject({ id: `${at("to/index")}@${index.digest}` });
    await workspace.apply(plan);
    expect((await workspace.plan()).actions).toEqual({});
    const kept = (await workspace.state()).attributes("imagesync.kept")["platform_digests"];
    expect(kept).toEqual({ "linux/amd64": amd64?.digest });
  },
};

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
