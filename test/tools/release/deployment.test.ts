import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { deploymentFile, deploymentPackage, deployments } from "../../../tools/release/deployment.ts";
import { containerOf, objectOf, podOf, readObjects } from "../../support/kubernetes/objects.ts";
import { helmRenderer, renderChart } from "../../support/helm/chart.ts";
import { kubectl, kustomize } from "../../support/kubernetes/kustomize.ts";

const run = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");
const version = "9.10.0-rc.1";

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-deployment-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** The directory with what is in the archive. */
async function unpacked(deployment: (typeof deployments)[number], top: string): Promise<string> {
  const directory = await scratch();
  const file = join(directory, deploymentFile(deployment, version));
  await writeFile(file, await deploymentPackage(deployment, root, version));
  await run("tar", ["-xzf", file, "-C", directory]);
  return join(directory, top);
}

const imageOf = (objects: Parameters<typeof objectOf>[0]): string | undefined =>
  containerOf(podOf(objectOf(objects, "CronJob"))).image;

describe("what a release has for Kubernetes", () => {
  test("has the names that Helm gives, and that the rest of the release has", () => {
    expect(deploymentFile("chart", "1.2.3")).toBe("imagesync-1.2.3.tgz");
    expect(deploymentFile("kustomize", "1.2.3")).toBe("imagesync_1.2.3_kustomize.tar.gz");
  });

  test.each([
    ["chart", "deploy/helm/imagesync", "imagesync"],
    ["kustomize", "deploy/kustomize", `imagesync_${version}_kustomize`],
  ] as const)("is all that the project has of %s", async (deployment, folder, top) => {
    const directory = await unpacked(deployment, top);
    const { stdout: tracked } = await run("git", ["ls-files"], { cwd: join(root, folder) });
    const { stdout: found } = await run("find", [".", "-type", "f", "-printf", "%P\n"], { cwd: directory });
    expect(found.trimEnd().split("\n").sort()).toEqual(tracked.trimEnd().split("\n").sort());
  });

  test.each(deployments)("is the same bytes from a checkout with files of its user: %s", async (deployment) => {
    const directory = await scratch();
    await cp(join(root, "deploy"), join(directory, "deploy"), { recursive: true });
    const own = ["kustomize/overlays/mine/logins.json", "helm/imagesync/values-mine.yaml"];
    const left = ["helm/imagesync/templates/.cronjob.yaml.swp", "kustomize/base/cronjob.yaml~"];
    await mkdir(join(directory, "deploy/kustomize/overlays/mine"));
    for (const name of [...own, ...left]) await writeFile(join(directory, "deploy", name), "password: secret\n");
    const expected = await deploymentPackage(deployment, root, version);
    expect((await deploymentPackage(deployment, directory, version)).equals(expected)).toBe(true);
  });

  test("says where a version should have been, and is not", async () => {
    const directory = await scratch();
    await cp(join(root, "deploy"), join(directory, "deploy"), { recursive: true });
    await writeFile(join(directory, "deploy/helm/imagesync/Chart.yaml"), "apiVersion: v2\nname: imagesync\n");
    await expect(deploymentPackage("chart", directory, version)).rejects.toThrow("Chart.yaml");
  });

  test.skipIf(helmRenderer === undefined)("runs the image of its version by the chart", async () => {
    const directory = await unpacked("chart", "imagesync");
    expect(await readFile(join(directory, "Chart.yaml"), "utf8")).toMatch(
      new RegExp(`^version: ${version}\nappVersion: ${version}$`, "m"),
    );
    const [rendered] = await renderChart([{ values: ["config: {version: 1, images: []}"] }], directory);
    expect(rendered?.error).toBeUndefined();
    const objects = readObjects(rendered?.files["templates/cronjob.yaml"] ?? "");
    expect(imageOf(objects)).toBe(`ghcr.io/imagesync/imagesync:${version}`);
  });

  test.skipIf(kubectl === undefined)("runs the image of its version by the kustomizations", async () => {
    const directory = await unpacked("kustomize", `imagesync_${version}_kustomize`);
    for (const place of ["base", "overlays/lock-file", "overlays/plan-only"]) {
      expect(imageOf(await kustomize(join(directory, place)))).toBe(`ghcr.io/imagesync/imagesync:${version}`);
    }
    const complete = imageOf(await kustomize(join(directory, "overlays/complete")));
    expect(complete).toBe(`registry.example.com/tools/imagesync:${version}`);
  });
});
