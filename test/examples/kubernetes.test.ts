import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { terraformProgram } from "../support/terraform/index.ts";
import { boundSchema } from "./bound-schema.ts";
import { examplesDirectory, runExample, complaint } from "./example.ts";
import { standInProgram } from "./kubernetes-stand-in.ts";

const patient = { timeout: 240_000 };

describe.skipIf(terraformProgram === undefined)("the example of a Deployment", patient, () => {
  test("is planned beside a provider that has the schema of Kubernetes' own, mocked", async () => {
    const run = await runExample("kubernetes-deployment", {
      command: "./run.sh",
      environment: { WITH_KUBERNETES: "1", PROVIDERS_MIRROR: await mirrorOf("2.38.0") },
    });
    expect(complaint(run, 0)).toBe("");
    const { output } = run;
    const lines = output.split("\n");
    expect(lines).toContain("- Installed hashicorp/kubernetes v2.38.0 (unauthenticated)");
    expect(lines).toContain("Success! The configuration is valid.");
    expect(lines).toContain('  run "the_plan_shows_the_pinned_image_in_the_deployment"... pass');
    expect(lines).toContain('  run "the_deployment_comes_after_its_image"... pass');

    const [, manifest = ""] = /^\$ terraform output -raw manifest\n((?:["\s].*\n)+)/m.exec(output) ?? [];
    const deployment = new Deployment(parse(manifest) as ConstructorParameters<typeof Deployment>[0]);
    expect(() => deployment.validate()).not.toThrow();
    expect(deployment.spec?.template.spec?.containers[0]?.image).toMatch(/^127\.0\.0\.1:\d+\/mirror\/nginx@sha256:/);
  });
});

/** A directory as `terraform providers mirror` makes it, with the stand-in. */
async function mirrorOf(version: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-mirror-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const target = `${platform()}_${arch() === "x64" ? "amd64" : arch()}`;
  const place = join(directory, "registry.terraform.io/hashicorp/kubernetes", version, target);
  await mkdir(place, { recursive: true });
  const script = `#!/bin/sh\nexec '${process.execPath}' '${standInProgram}'\n`;
  await writeFile(join(place, `terraform-provider-kubernetes_v${version}`), script, { mode: 0o755 });
  return directory;
}

describe("the schema that is read out of the bindings", () => {
  const { blocks = {} } = boundSchema("deployment-v1", "DeploymentV1");

  test("has blocks and attributes as deep as they nest, and knows what must be written and how often", () => {
    const template = blocks["spec"]?.block.blocks?.["template"];
    const container = template?.block.blocks?.["spec"]?.block.blocks?.["container"];
    expect(blocks["spec"]).toMatchObject({ nesting: "list", min: 1, max: 1 });
    expect(blocks["timeouts"]).toMatchObject({ nesting: "single" });
    expect(container).toMatchObject({ nesting: "list", min: 0, max: 0 });
    expect(container?.block.attributes).toMatchObject({
      name: { type: "string", required: true },
      image: { type: "string", optional: true },
      command: { type: ["list", "string"] },
    });
    expect(Object.keys(container?.block.blocks ?? {})).toEqual(
      expect.arrayContaining(["env", "env_from", "liveness_probe", "port", "resources", "volume_mount"]),
    );
  });

  test("is that of the release which the document names", async () => {
    const document = await readFile(join(examplesDirectory, "kubernetes-deployment/README.md"), "utf8");
    const bindings = await readFile(
      join(import.meta.dirname, "../../node_modules/@cdktf/provider-kubernetes/lib/deployment-v1/index.js"),
      "utf8",
    );
    const [, version] = /providerVersion: '([\d.]+)'/.exec(bindings) ?? [];
    expect(document).toContain(`release ${version}`);
  });
});
