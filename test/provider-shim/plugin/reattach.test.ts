import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { createLogger } from "../../../provider-shim/log.ts";
import { serveReattach, type Reattachable } from "../../../provider-shim/plugin/reattach.ts";
import { finished, hasTerraform, makeWorkspace, type Workspace } from "./terraform.ts";
import { toyProvider, type ToyHooks } from "./toy-provider.ts";

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function attachedWorkspace(protocol: 5 | 6, hooks: ToyHooks = {}): Promise<Workspace & { log: string[] }> {
  const log: string[] = [];
  const served: Reattachable = await serveReattach({
    provider: toyProvider(hooks),
    log: createLogger({ write: (line) => log.push(line) }),
    protocol,
    address: "registry.terraform.io/imagesync/toy",
  });
  cleanUps.push(() => served.close());
  const workspace = makeWorkspace({ environment: { TF_REATTACH_PROVIDERS: served.reattach } });
  cleanUps.push(() => workspace.remove());
  return { ...workspace, log };
}

const fullThing = `
resource "toy_thing" "a" {
  name   = "a"
  value  = "one"
  number = 0.1
  tags   = { "__proto__" = "x", "y.z" = "ü" }
  sizes  = [3, 1, 123456789012345678901234567890]
  rule { pattern = "p" }
  rule { pattern = "q" }
  timeouts { create = "5m" }
}
`;

describe.skipIf(!hasTerraform)("the real terraform, attached", () => {
  test.each([5, 6] as const)("runs the whole life of a resource over protocol %i", async (protocol) => {
    const workspace = await attachedWorkspace(protocol);
    workspace.write(fullThing);
    expect(await workspace.run("init", "-no-color")).toMatchObject({ code: 0 });
    const planned = await workspace.run("plan", "-no-color", "-out=saved");
    expect(planned.output).toContain('digest = "digest of one"');
    expect(await workspace.run("apply", "-no-color", "saved")).toMatchObject({ code: 0 });
    expect(readdirSync(workspace.store)).toEqual(["a.json"]);
    // 0 says that nothing is left to do.
    expect(await workspace.run("plan", "-no-color", "-detailed-exitcode")).toMatchObject({ code: 0 });
    expect(await workspace.run("plan", "-no-color", "-detailed-exitcode", "-refresh=false")).toMatchObject({ code: 0 });

    workspace.write(fullThing.replace('"one"', '"two"'));
    const updated = await workspace.run("apply", "-no-color", "-auto-approve");
    expect(updated.output).toContain("0 added, 1 changed, 0 destroyed");

    workspace.write(fullThing.replace('"a"\n  value', '"b"\n  value'));
    const replaced = await workspace.run("apply", "-no-color", "-auto-approve");
    expect(replaced.output).toContain("# forces replacement");
    expect(readdirSync(workspace.store)).toEqual(["b.json"]);

    const destroyed = await workspace.run("destroy", "-no-color", "-auto-approve");
    expect(destroyed.output).toContain("1 destroyed");
    expect(readdirSync(workspace.store)).toEqual([]);
  });

  test.each([5, 6] as const)(
    "sees over protocol %i that a thing was changed or deleted behind its back",
    async (protocol) => {
      const workspace = await attachedWorkspace(protocol);
      workspace.write(fullThing);
      await workspace.run("init", "-no-color");
      expect(await workspace.run("apply", "-no-color", "-auto-approve")).toMatchObject({ code: 0 });
      writeFileSync(join(workspace.store, "a.json"), JSON.stringify({ value: "other", digest: "digest of other" }));
      expect((await workspace.run("plan", "-no-color")).output).toContain('"other" -> "one"');
      rmSync(join(workspace.store, "a.json"));
      expect((await workspace.run("plan", "-no-color")).output).toContain("1 to add");
    },
  );

  test.each([5, 6] as const)("reads a data source and calls a function over protocol %i", async (protocol) => {
    const workspace = await attachedWorkspace(protocol);
    writeFileSync(join(workspace.store, "d.json"), JSON.stringify({ value: "v", digest: "digest of v" }));
    workspace.write(`
      data "toy_thing" "d" { name = "d" }
      output "digest" { value = provider::toy::shout(data.toy_thing.d.digest) }
    `);
    await workspace.run("init", "-no-color");
    expect((await workspace.run("apply", "-no-color", "-auto-approve")).output).toContain('digest = "DIGEST OF V"');
    workspace.write(`output "digest" { value = provider::toy::shout("") }`);
    expect((await workspace.run("plan", "-no-color")).output).toContain("Nothing to shout");
  });

  test("imports a thing, upgrades an old state, and shows a diagnostic at its line", async () => {
    const workspace = await attachedWorkspace(6);
    writeFileSync(join(workspace.store, "i.json"), JSON.stringify({ value: "v", digest: "digest of v" }));
    workspace.write(`resource "toy_thing" "i" {\n  name  = "i"\n  value = "v"\n}\n`);
    await workspace.run("init", "-no-color");
    expect(await workspace.run("import", "-no-color", "toy_thing.i", "i")).toMatchObject({ code: 0 });
    expect(await workspace.run("plan", "-no-color", "-detailed-exitcode")).toMatchObject({ code: 0 });

    const stateFile = join(workspace.directory, "terraform.tfstate");
    const state = {
      version: 4,
      terraform_version: "1.11.4",
      serial: 9,
      lineage: "toy",
      resources: [
        {
          mode: "managed",
          type: "toy_thing",
          name: "i",
          provider: 'provider["registry.terraform.io/imagesync/toy"]',
          instances: [{ schema_version: 0, attributes: { title: "i" } }],
        },
      ],
    };
    writeFileSync(stateFile, JSON.stringify(state));
    expect(await workspace.run("apply", "-no-color", "-auto-approve")).toMatchObject({ code: 0 });
    const upgraded = JSON.parse(readFileSync(stateFile, "utf8")) as typeof state;
    expect(upgraded.resources[0]?.instances[0]).toMatchObject({
      schema_version: 1,
      attributes: { name: "i", value: "v" },
    });

    workspace.write(`resource "toy_thing" "i" {\n  name  = "i"\n  value = "bad"\n}\n`);
    const refused = await workspace.run("plan", "-no-color");
    expect(refused.output).toContain("Error: Bad value");
    expect(refused.output).toMatch(/on main\.tf line \d+, in resource "toy_thing" "i":/);
    expect(refused.output).toContain('value = "bad"');
  });

  test("keeps the state of a thing whose update fails, and stores nothing for a failed create", async () => {
    const workspace = await attachedWorkspace(6);
    const thing = (value: string): string => `resource "toy_thing" "a" {\n  name = "a"\n  value = "${value}"\n}\n`;
    workspace.write(thing("explode"));
    await workspace.run("init", "-no-color");
    const failedCreate = await workspace.run("apply", "-no-color", "-auto-approve");
    expect(failedCreate.code).toBe(1);
    expect(failedCreate.output).toContain("kaboom");
    expect((await workspace.run("state", "list")).output).toBe("");

    workspace.write(thing("one"));
    expect(await workspace.run("apply", "-no-color", "-auto-approve")).toMatchObject({ code: 0 });
    for (const value of ["explode", "refuse"]) {
      workspace.write(thing(value));
      expect(await workspace.run("apply", "-no-color", "-auto-approve")).toMatchObject({ code: 1 });
      expect((await workspace.run("show", "-no-color")).output).toMatch(/value\s+= "one"/);
    }
  });

  test("stops a running apply on Ctrl-C and leaves a usable state", async () => {
    let command: ReturnType<Workspace["start"]> | undefined;
    const workspace = await attachedWorkspace(6, {
      onApply: (signal, name) =>
        name === "slow"
          ? new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => resolve(), { once: true });
              process.kill(-(command?.pid ?? 0), "SIGINT");
            })
          : undefined,
    });
    workspace.write(`resource "toy_thing" "a" {\n  name = "slow"\n}\n`);
    await workspace.run("init", "-no-color");
    command = workspace.start("apply", "-no-color", "-auto-approve");
    const result = await finished(command);
    expect(result.code).toBe(1);
    expect(result.output).toContain("The operation was cancelled");
    expect((await workspace.run("state", "list")).output).toBe("");
    workspace.write(`resource "toy_thing" "a" {\n  name = "fast"\n}\n`);
    expect(await workspace.run("apply", "-no-color", "-auto-approve")).toMatchObject({ code: 0 });
  });
});
