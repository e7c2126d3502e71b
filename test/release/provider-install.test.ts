import { execFile } from "node:child_process";
import { copyFile, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { version } from "../../version.ts";
import { patient } from "../acceptance/stage.ts";
import { packageDirectory, terraformProgram } from "../support/terraform/index.ts";
import { newcomer, unconfigured } from "./newcomer.ts";

const run = promisify(execFile);

const programs: readonly (readonly [string, readonly string[]])[] = [
  ["the compiled program", [join(packageDirectory, "imagesync")]],
  ["the program as Node runs it", [process.execPath, join(packageDirectory, "bundle/imagesync.mjs")]],
];

describe.skipIf(terraformProgram === undefined)("imagesync provider install", patient, () => {
  test.each(programs)("by %s makes terraform init find the provider without any configuration", async (_, command) => {
    const { workspace, life } = await newcomer();
    await rm(workspace.path("terraform.rc"));
    const [program = "", ...before] = command;
    // By a short PATH, as a cron job has it.
    const environment = { HOME: workspace.directory, PATH: "/usr/bin:/bin" };
    const { stdout } = await run(program, [...before, "provider", "install"], { env: environment });
    const places = stdout.trimEnd().split("\n");
    expect(places).toHaveLength(2);
    for (const place of places) {
      const { stdout } = await run(join(place, `terraform-provider-imagesync_v${version()}`), ["--version"], {
        // Neither reaches what it would harm.
        env: { ...environment, NODE_OPTIONS: "--require /none", BUN_BE_BUN: "1" },
      });
      expect(stdout).toBe(`terraform-provider-imagesync ${version()}\n`);
    }
    const installed = await workspace.must(["init", "-no-color"], [0], unconfigured);
    expect(installed.text).toContain(`Installed imagesync/imagesync v${version()} (unauthenticated)`);
    await life();
  });

  test("by another Node leaves lock files right, and the provider runs on that one", async () => {
    const { workspace, life } = await newcomer();
    await rm(workspace.path("terraform.rc"));
    const other = workspace.path("other-node");
    await copyFile(process.execPath, other);
    const environment = { HOME: workspace.directory, PATH: "/usr/bin:/bin" };
    const locks: string[] = [];
    for (const node of [process.execPath, other]) {
      const program = join(packageDirectory, "bundle/imagesync.mjs");
      const { stdout } = await run(node, [program, "provider", "install"], { env: environment });
      const [place = ""] = stdout.split("\n");
      expect(await readFile(join(place, "../node"), "utf8")).toBe(`${node}\n`);
      await workspace.must(["init", "-no-color"], [0], unconfigured);
      locks.push(await readFile(workspace.path(".terraform.lock.hcl"), "utf8"));
    }
    expect(locks[1]).toBe(locks[0]);
    await life();
  });
});
