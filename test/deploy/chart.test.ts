import { describe, expect, test } from "vitest";
import { version } from "../../version.ts";
import { helmRenderer, renderChart } from "../support/helm/chart.ts";
import { containerOf, contentOf, objectOf, podOf } from "../support/kubernetes/objects.ts";
import { expectGuarded, guardedJob } from "./guarded.ts";
import { problems } from "./schema.ts";
import { leastValues, objectsOfChart, patient, valuesOf, valuesText } from "./stage.ts";

describe.skipIf(helmRenderer === undefined)("the chart, what it makes", patient, () => {
  test("is a CronJob as reviewers want it, by default", async () => {
    const { objects, tests, notes } = await objectsOfChart({ values: [leastValues] });
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      "ConfigMap mirror-imagesync-env",
      "ConfigMap mirror-imagesync-config",
      "CronJob mirror-imagesync",
      "ServiceAccount mirror-imagesync",
    ]);
    const cronJob = objectOf(objects, "CronJob");
    expect(cronJob["spec"]).toMatchObject(guardedJob);
    for (const object of [cronJob, objectOf(tests, "Pod")]) {
      expectGuarded(object);
      expect(containerOf(podOf(object)).image).toBe(`ghcr.io/imagesync/imagesync:${version()}`);
    }
    for (const object of [...objects, ...tests]) {
      expect(object.metadata).toMatchObject({ namespace: "tools", labels: { "app.kubernetes.io/instance": "mirror" } });
    }
    expect(notes).toContain("kubectl --namespace tools create job --from=cronjob/mirror-imagesync");
  });

  test("has what all values ask for", async () => {
    const { objects, tests } = await objectsOfChart({ values: [valuesOf("everything")] });
    const cronJob = objectOf(objects, "CronJob", "mirror-copies");
    expect(cronJob["spec"]).toMatchObject({
      schedule: "30 2 * * 1-5",
      timeZone: "Europe/Berlin",
      jobTemplate: { spec: { activeDeadlineSeconds: 100_000_000, ttlSecondsAfterFinished: 0, backoffLimit: 0 } },
    });
    const { image, args } = containerOf(podOf(cronJob));
    expect(image).toMatch(/^registry\.example\.com:5000\/tools\/imagesync@sha256:[0-9a-f]{64}$/);
    const state = "--lock-file /var/lib/imagesync/imagesync.lock --on-retag fail";
    const metrics = "--metrics-file /var/lib/imagesync-metrics/imagesync.prom";
    const given = "--jobs 4 --log-format json";
    expect(args?.join(" ")).toBe(`sync -c /etc/imagesync/imagesync.yaml ${state} ${metrics} ${given}`);
    const dry = containerOf(podOf(objectOf(tests, "Pod")));
    expect(dry.args?.join(" ")).toBe(`sync -c /etc/imagesync/imagesync.yaml --dry-run ${given}`);
    // A claim may be with one node alone: a test must not wait for it.
    expect(dry.volumeMounts?.map(({ mountPath }) => mountPath)).not.toContain("/var/lib/imagesync");
    expect(contentOf(objects, "ConfigMap", "mirror-copies-env")).toEqual({
      HOME: "/tmp",
      DOCKER_CONFIG: "/etc/imagesync-logins",
      GOOGLE_APPLICATION_CREDENTIALS: "/secrets/key.json",
      NO_COLOR: "true",
      ACCOUNT: "123456789012",
    });
    expect(contentOf(objects, "Secret", "mirror-copies-secret-env")).toEqual({ PIN: "12345678" });
    expect(contentOf(objects, "ConfigMap", "mirror-copies-config")["imagesync.yaml"]).toMatch(/^# Comments stay\.\n/);
    const { metadata } = podOf(cronJob);
    expect(metadata.labels).toMatchObject({
      team: "pods",
      "cost-centre": "4711",
      "azure.workload.identity/use": "true",
      "app.kubernetes.io/name": "copies",
    });
    expect(metadata.annotations).toMatchObject({
      "example.com/note": "#",
      "checksum/config": expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(objectOf(objects, "PersistentVolumeClaim").metadata).toMatchObject({
      annotations: { "helm.sh/resource-policy": "keep" },
    });
  });

  test("takes what replicant's values say of the job, the pod and the account", async () => {
    const { objects, tests } = await objectsOfChart({ values: [valuesOf("replicant")] });
    const cronJob = objectOf(objects, "CronJob", "mirror-imagesync");
    expect(cronJob["spec"]).toMatchObject({ schedule: "0 0 * * *", jobTemplate: { spec: { backoffLimit: 6 } } });
    expect(podOf(cronJob).spec.restartPolicy).toBe("OnFailure");
    expect(containerOf(podOf(cronJob))).toMatchObject({
      image: `docker.io/example/imagesync:${version()}`,
      args: ["replicant"],
    });
    expect(containerOf(podOf(objectOf(tests, "Pod"))).args).toEqual(["plan", "-c", "/config/replicant.yaml"]);
    expect(objectOf(objects, "ServiceAccount").metadata.annotations).toEqual({
      "iam.gke.io/gcp-service-account": "replicant@example.iam.gserviceaccount.com",
    });
    for (const { metadata } of objects) expect(metadata.labels).toMatchObject({ bob: "alice", foo: "bar" });
    expect(contentOf(objects, "Secret", "mirror-imagesync-secret-env")).toMatchObject({
      AWS_DEFAULT_REGION: "eu-central-1",
    });
    expect(contentOf(objects, "Secret", "mirror-imagesync-gcp-sa")).toEqual({ "key.json": "{}\n" });
    expect(contentOf(objects, "ConfigMap", "mirror-imagesync-env")).toEqual({
      HOME: "/tmp",
      REPLICANT_CONFIG: "/config/replicant.yaml",
      REPLICANT_DEBUG: "false",
      REPLICANT_EXIT_ON_ERROR: "false",
      GOOGLE_APPLICATION_CREDENTIALS: "/secrets/key.json",
    });
  });

  test("is named after release and chart, within what Kubernetes allows a CronJob", async () => {
    const cases = [
      ["imagesync", "", "imagesync"],
      ["my-imagesync", "", "my-imagesync"],
      ["a".repeat(53), "", "a".repeat(52)],
      [`${"a".repeat(51)}-b`, "", "a".repeat(51)],
      ["mirror", "b".repeat(63), "b".repeat(52)],
    ] as const;
    for (const [release, fullnameOverride, name] of cases) {
      const { objects } = await objectsOfChart({ release, values: [leastValues, valuesText({ fullnameOverride })] });
      expect(objectOf(objects, "CronJob").metadata.name).toBe(name);
    }
  });

  test("changes the pod's annotations with the configuration and with secrets, and not without", async () => {
    const more = [
      [],
      [],
      [valuesText({ config: { fail_fast: true } })],
      [valuesText({ secretEnvironmentVariables: { A: "1" } })],
      [valuesText({ secretEnvironmentVariables: { A: "2" } })],
    ];
    const annotations: string[] = [];
    for (const values of more) {
      const { objects } = await objectsOfChart({ values: [leastValues, ...values] });
      annotations.push(JSON.stringify(podOf(objectOf(objects, "CronJob")).metadata));
    }
    expect(annotations[0]).toBe(annotations[1]);
    expect(new Set(annotations).size).toBe(4);
  });

  test.each([
    ["no configuration", "", "config is empty: set it to what is to be copied"],
    ["an empty configuration", "config: {}", "config is empty"],
    ["two places for the configuration", valuesText({ config: "a", existingConfigMap: "b" }), "give one of them"],
    [
      "two places for logins",
      valuesText({ config: "a", dockerConfig: { existingSecret: "a", content: "{}" } }),
      "give one of them",
    ],
    [
      "a lock file for replicant",
      valuesText({ config: "a", command: "replicant", lockFile: { enabled: true } }),
      "set command to sync",
    ],
    [
      "metrics for a plan",
      valuesText({ config: "a", command: "plan", metrics: { enabled: true } }),
      "set metrics.enabled to false",
    ],
  ])("is refused with %s", async (_, values, message) => {
    const [rendered] = await renderChart([{ values: [values] }]);
    expect(rendered?.error).toContain(message);
  });

  test("is the same where values are taken away by null", async () => {
    const names = ["arguments", "environmentVariables", "extraEnv", "extraVolumes", "additionalLabels", "podLabels"];
    const nulls = Object.fromEntries(
      [...names, "podAnnotations", "nodeSelector", "command"].map((name) => [name, null]),
    );
    const [usual, without] = await renderChart([
      { values: [leastValues] },
      { values: [leastValues, valuesText(nulls)] },
    ]);
    expect(without?.error).toBeUndefined();
    expect(without?.files).toEqual(usual?.files);
  });

  test("sets no limit where null takes a number away", async () => {
    const job = ["backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"];
    const cronJob = ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"];
    const nulls = valuesText(Object.fromEntries([...job, ...cronJob].map((name) => [name, null])));
    const rendering = { values: [leastValues, nulls] };
    const [rendered] = await renderChart([rendering]);
    expect(problems(rendered?.values)).toEqual([]);
    const { objects } = await objectsOfChart(rendering);
    const spec = objectOf(objects, "CronJob")["spec"] as { readonly jobTemplate: { readonly spec: object } };
    expect(Object.keys(spec)).toEqual(["schedule", "suspend", "concurrencyPolicy", "jobTemplate"]);
    // A deadline of 0 would end each run before it has begun.
    expect(Object.keys(spec.jobTemplate.spec)).toEqual(["template"]);
  });

  test("has a hook that only helm test runs", async () => {
    const { tests } = await objectsOfChart({ values: [leastValues] });
    expect(tests.map(({ kind, metadata }) => [kind, metadata.annotations?.["helm.sh/hook"]])).toEqual([
      ["Pod", "test"],
    ]);
  });
});
