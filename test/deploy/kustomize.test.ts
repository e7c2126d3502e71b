import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { version } from "../../version.ts";
import { kubectl, kustomize } from "../support/kubernetes/kustomize.ts";
import { containerOf, contentOf, type KubernetesObject, objectOf, podOf } from "../support/kubernetes/objects.ts";
import { expectGuarded, guardedJob } from "./guarded.ts";
import { openCluster, patient, root } from "./stage.ts";

const directory = join(root, "deploy/kustomize");
const overlays = readdirSync(join(directory, "overlays"));

const hosts = { "docker.io": {}, "quay.io": {}, "registry.example.com": {} };

/** What kustomize gave a name with a hash of its content. */
function named(objects: readonly KubernetesObject[], kind: "ConfigMap" | "Secret", prefix: string): string {
  const names = objects.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
  const found = names.find((name) => name.startsWith(`${prefix}-`));
  expect(names).toEqual([found]);
  return found ?? "";
}

describe.skipIf(kubectl === undefined)("the kustomizations, run as a kubelet would", patient, () => {
  test("the base copies what its example asks for", async () => {
    const { world, kubelet } = await openCluster(hosts);
    const digest = await world.push("docker.io/library/nginx:1.29");
    for (const minor of [49, 50, 51, 52, 53, 54, 55]) await world.push(`quay.io/prometheus/prometheus:v2.${minor}.0`);
    const { code, stdout } = await kubelet.runCronJob(await kustomize(join(directory, "base")));
    expect({ code, lines: stdout.trim().split("\n").length }).toEqual({ code: 0, lines: 6 });
    expect(await world.digest("registry.example.com/mirror/nginx:1.29")).toBe(digest);
    expect(await world.tags("registry.example.com/mirror/prometheus")).toEqual(
      [51, 52, 53, 54, 55].map((minor) => `v2.${minor}.0`),
    );
  });

  test("plan-only says what there is to do, and does nothing", async () => {
    const { world, kubelet } = await openCluster(hosts);
    await world.push("docker.io/library/nginx:1.29");
    await world.push("quay.io/prometheus/prometheus:v2.55.0");
    const { code, stdout } = await kubelet.runCronJob(await kustomize(join(directory, "overlays/plan-only")));
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("mirror/nginx:1.29") as string });
    expect(world.writes("registry.example.com")).toEqual([]);
  });

  test("lock-file remembers from run to run", async () => {
    const { world, kubelet } = await openCluster(hosts);
    await world.push("docker.io/library/nginx:1.29");
    await world.push("quay.io/prometheus/prometheus:v2.55.0");
    const objects = await kustomize(join(directory, "overlays/lock-file"));
    expect(await kubelet.runCronJob(objects)).toMatchObject({ code: 0 });
    await world.push("docker.io/library/nginx:1.29", "moved");
    const { stderr } = await kubelet.runCronJob(objects);
    expect(stderr).toContain("the tag docker.io/library/nginx:1.29 was moved at its source");
    const claim = kubelet.claim(objectOf(objects, "PersistentVolumeClaim").metadata.name);
    expect(await readFile(join(claim, "imagesync.lock"), "utf8")).toContain("docker.io/library/nginx");
  });

  test("complete copies by the logins of its secret, and leaves metrics", async () => {
    const users = { "example-user": "not-a-password" };
    const { world, kubelet } = await openCluster({
      ...hosts,
      "registry.example.com": { auth: { kind: "basic", users } },
    });
    const digest = await world.push("quay.io/prometheus/alertmanager:v0.28.1");
    const objects = await kustomize(join(directory, "overlays/complete"));
    expect(await kubelet.runCronJob(objects)).toMatchObject({ code: 0 });
    expect(await world.digest("registry.example.com/mirror/alertmanager:v0.28.1")).toBe(digest);
    expect(await readFile(kubelet.path("/var/lib/imagesync-metrics/imagesync.prom"), "utf8")).toContain(
      "imagesync_policy_drift",
    );
  });
});

describe.skipIf(kubectl === undefined)("the kustomizations, what they make", patient, () => {
  test.each(["base", ...overlays.map((name) => `overlays/${name}`)])(
    "%s is a CronJob as reviewers want it",
    async (name) => {
      const objects = await kustomize(join(directory, name));
      const cronJob = objectOf(objects, "CronJob", "imagesync");
      expect(cronJob["spec"]).toMatchObject(guardedJob);
      expectGuarded(cronJob);
      expect(containerOf(podOf(cronJob)).image).toMatch(/^\S+\/imagesync:\d+\.\d+\.\d+$/);
    },
  );

  test("complete has its own schedule, namespace, image, file and logins", async () => {
    const objects = await kustomize(join(directory, "overlays/complete"));
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["imagesync"]));
    const cronJob = objectOf(objects, "CronJob");
    expect(cronJob["spec"]).toMatchObject({ schedule: "30 2 * * *" });
    expect(containerOf(podOf(cronJob)).image).toBe(`registry.example.com/tools/imagesync:${version()}`);
    expect(podOf(cronJob).metadata.labels).toMatchObject({ "azure.workload.identity/use": "true" });
    const file = readFileSync(join(directory, "overlays/complete/imagesync.yaml"), "utf8");
    expect(contentOf(objects, "ConfigMap", named(objects, "ConfigMap", "imagesync-config"))).toEqual({
      "imagesync.yaml": file,
    });
    expect(podOf(cronJob).spec.volumes?.find(({ name }) => name === "logins")?.secret?.secretName).toBe(
      named(objects, "Secret", "imagesync-logins"),
    );
  });

  test("the base names the version of everything else", async () => {
    const { image } = containerOf(podOf(objectOf(await kustomize(join(directory, "base")), "CronJob")));
    expect(image).toBe(`ghcr.io/imagesync/imagesync:${version()}`);
  });
});
