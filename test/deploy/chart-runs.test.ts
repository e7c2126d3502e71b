import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startGoogle } from "../support/clouds/google.ts";
import { helmRenderer } from "../support/helm/chart.ts";
import { checkObject, type KubernetesObject, objectOf, podOf } from "../support/kubernetes/objects.ts";
import { leastValues, objectsOfChart, oneImage, openCluster, patient, valuesOf, valuesText } from "./stage.ts";

describe.skipIf(helmRenderer === undefined)("the chart, run as a kubelet would", patient, () => {
  test("with nothing but a configuration it copies, and its test only says what is left to do", async () => {
    const { world, kubelet } = await openCluster({ "docker.io": {}, "registry.example.com": {} });
    const digest = await world.push("docker.io/team/app:1.0");
    const { objects, tests } = await objectsOfChart({ values: [leastValues] });
    const dry = await kubelet.runPod(podOf(objectOf(tests, "Pod")), objects);
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("registry.example.com/app:1.0") as string });
    expect(world.writes("registry.example.com")).toEqual([]);

    const { code, stdout, stderr } = await kubelet.runCronJob(objects);
    expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: `registry.example.com/app:1.0@${digest}\n` });
    expect(await world.digest("registry.example.com/app:1.0")).toBe(digest);
  });

  test("with values of replicant's chart it does what replicant's documentation says, with their logins", async () => {
    await using google = await startGoogle();
    const users = { oauth2accesstoken: "ya29.c.Token-1" };
    const { world, kubelet } = await openCluster({
      "docker.io": {},
      "registry.k8s.io": {},
      "eu.gcr.io": { auth: { kind: "basic", users } },
    });
    for (const tag of ["v0.12.2", "v0.13.1"]) await world.push(`registry.k8s.io/external-dns/external-dns:${tag}`);
    for (const tag of ["v1.9.0", "v1.9.0-rc.1", "main"]) await world.push(`docker.io/velero/velero:${tag}`);
    for (const tag of ["6.0.16", "6.2.6", "6.2.7", "7.0.5"]) await world.push(`docker.io/library/redis:${tag}`);
    await world.push("eu.gcr.io/example/redis:6.2.6");
    const key = valuesText({ googleApplicationCredentials: JSON.stringify(google.external) });
    const { objects } = await objectsOfChart({ values: [valuesOf("replicant"), key] });
    const { code, stderr } = await kubelet.runCronJob(objects);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed") as string });
    expect(await world.digest("eu.gcr.io/example/external-dns/external-dns:v0.13.1")).toBeDefined();
    expect(await world.digest("eu.gcr.io/example/external-dns/external-dns:v0.12.2")).toBeUndefined();
    expect(await world.digest("eu.gcr.io/example/velero/velero:v1.9.0")).toBeDefined();
    expect(await world.digest("eu.gcr.io/example/redis:6.2.7")).toBeDefined();
    expect(await world.digest("eu.gcr.io/example/redis:7.0.5")).toBeUndefined();
  });

  test("with everything on it copies by the login and the certificates given, and keeps lock file and metrics", async () => {
    const users = { robot: "$(HOME) 'quoted' \"twice\"\t#" };
    // A tab is nothing that a login may have.
    users.robot = users.robot.replace("\t", " ");
    const hosts = { "docker.io": {}, "registry.example.com": { auth: { kind: "basic", users } as const } };
    const { world, kubelet, ca } = await openCluster(hosts, { trusted: false });
    for (const tag of ["1.0.0", "2.0.0", "latest"]) await world.push(`docker.io/team/app:${tag}`);
    const values = [
      valuesOf("everything").replace("\\t#", " #"),
      valuesText({ caCertificates: ca, metrics: { volume: { persistentVolumeClaim: { claimName: "metrics" } } } }),
    ];
    const { objects } = await objectsOfChart({ values });
    const others: KubernetesObject[] = [
      { apiVersion: "v1", kind: "Secret", metadata: { name: "others" }, data: { token: "dG9rZW4=" } },
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "others" }, data: { OTHER: "1" } },
    ];
    const { code, stdout, stderr } = await kubelet.runCronJob([...objects, ...others]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("failed") as string });
    expect(stdout.split("\n").map((line) => line.split("@")[0])).toEqual([
      "registry.example.com/mirror/app:1.0.0",
      "registry.example.com/mirror/app:2.0.0",
      "",
    ]);
    const claim = kubelet.claim("mirror-copies-lock-file");
    expect(await readFile(join(claim, "imagesync.lock"), "utf8")).toContain("docker.io/team/app");
    expect(await readFile(join(kubelet.claim("metrics"), "imagesync.prom"), "utf8")).toContain("imagesync_tasks_total");

    // The lock file is there in the next pod: a tag that has moved fails, as the values say.
    await world.push("docker.io/team/app:2.0.0", "moved");
    const next = await kubelet.runCronJob([...objects, ...others]);
    expect(next).toMatchObject({ code: 4, stderr: expect.stringContaining("was moved at its source") as string });
  });

  test("with a list of Kyma's image-syncer it copies what that would", async () => {
    const { world, kubelet } = await openCluster({ "docker.io": {}, "registry.example.com": {} });
    const digest = await world.push("docker.io/library/busybox:1.31.1");
    const config = "images:\n  - source: busybox:1.31.1\n";
    const flags = ["--format", "kyma", "--target-repo-prefix", "registry.example.com/external/"];
    const { objects } = await objectsOfChart({ values: [valuesText({ config, arguments: flags })] });
    expect(await kubelet.runCronJob(objects)).toMatchObject({ code: 0 });
    expect(await world.digest("registry.example.com/external/library/busybox:1.31.1")).toBe(digest);
  });

  test("with the command plan it writes nothing", async () => {
    const { world, kubelet } = await openCluster({ "docker.io": {}, "registry.example.com": {} });
    await world.push("docker.io/team/app:1.0");
    const values = [leastValues, "command: plan\narguments: [--detailed-exitcode]\n"];
    expect(await kubelet.runCronJob((await objectsOfChart({ values })).objects)).toMatchObject({ code: 2 });
    expect(world.writes("registry.example.com")).toEqual([]);
  });

  test("with objects of yours it makes none of them, and uses them", async () => {
    const users = { robot: "secret" };
    const { world, kubelet } = await openCluster({
      "docker.io": {},
      "registry.example.com": { auth: { kind: "basic", users } },
    });
    const digest = await world.push("docker.io/team/app:1.0");
    const values = valuesText({
      existingConfigMap: "my-config",
      dockerConfig: { existingSecret: "my-logins" },
      lockFile: { enabled: true, existingClaim: "my-claim" },
      serviceAccount: { create: false, name: "my-account" },
    });
    const { objects } = await objectsOfChart({ values: [values] });
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "ConfigMap mirror-imagesync-env",
      "CronJob mirror-imagesync",
    ]);
    expect(podOf(objectOf(objects, "CronJob")).spec.serviceAccountName).toBe("my-account");
    const logins = JSON.stringify({ auths: { "registry.example.com": { username: "robot", password: "secret" } } });
    const mine: KubernetesObject[] = [
      {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "my-logins" },
        type: "kubernetes.io/dockerconfigjson",
        data: { ".dockerconfigjson": Buffer.from(logins).toString("base64") },
      },
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "my-config" }, data: { "imagesync.yaml": oneImage } },
    ];
    for (const object of mine) checkObject(object);
    expect(await kubelet.runCronJob([...objects, ...mine])).toMatchObject({ code: 0 });
    expect(await world.digest("registry.example.com/app:1.0")).toBe(digest);
    expect(await readFile(join(kubelet.claim("my-claim"), "imagesync.lock"), "utf8")).toContain(digest);
  });
});
