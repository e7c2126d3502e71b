import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { problems } from "../deploy/schema.ts";
import { objectsOfChart, openCluster } from "../deploy/stage.ts";
import { helmRenderer, renderChart } from "../support/helm/chart.ts";
import { kustomize } from "../support/kubernetes/kustomize.ts";
import { type KubernetesObject, objectOf, readObjects } from "../support/kubernetes/objects.ts";
import type { Handler } from "./handler.ts";
import { root } from "./markdown.ts";
import { newDirectory } from "./newcomer.ts";
import { mustRun } from "./shell.ts";

const block = (heading: string, ordinal = 1): string => `docs/guides/kubernetes.md > ${heading} > ${ordinal}`;

/** What the guide's commands would send to a cluster that there is not. */
export const applied: string = block("With kustomize", 4);

/** Helm, which there is not. */
export const installed: string = block("With Helm", 2);

const users = { robot: "token" };
const hosts = {
  "docker.io": {},
  "quay.io": {},
  "registry.example.com": { auth: { kind: "basic", users } as const },
};

/** Pushes what the guide copies. */
async function push(push: (reference: string) => Promise<string>): Promise<void> {
  await push("docker.io/library/nginx:1.29");
  await push("quay.io/prometheus/prometheus:v3.0.0");
}

/** The secret that a command of the guide makes, without a cluster to put it in. */
async function secretOf(command: string, home: string): Promise<KubernetesObject[]> {
  const script = `${command.trimEnd()} --dry-run=client --output yaml`;
  return readObjects(await mustRun(script, { home, environment: { REGISTRY_TOKEN: users.robot } }));
}

/** The guide by kustomize, from the image to the tags at the destination. */
export const kustomizeHandler: Handler = {
  proves: "the guide to Kubernetes puts the image into a registry, and its kustomization copies what it shows",
  blocks: [
    block("The image"),
    block("With kustomize"),
    block("With kustomize", 2),
    block("With kustomize", 3),
    applied,
  ],
  needs: ["kubectl"],
  async run(blocks) {
    const [image = "", kustomization = "", file = "", secret = "", apply = ""] = blocks.map(({ text }) => text);
    const { world, kubelet } = await openCluster(hosts);
    const home = await newDirectory();
    await mkdir(join(home, "bin"));
    await symlink(join(root, "dist/imagesync"), join(home, "bin/imagesync"));
    const logins = JSON.stringify({ auths: { "registry.example.com": { username: "robot", password: "token" } } });
    const environment = {
      ...world.environment,
      PATH: `${join(home, "bin")}:${process.env["PATH"] ?? ""}`,
      DOCKER_AUTH_CONFIG: logins,
    };
    // What make release leaves is an image in an archive: here another one, which takes less time.
    const digest = await world.push("docker.io/library/release:1");
    await mkdir(join(home, "dist/release"), { recursive: true });
    const archive = /oci-archive:(\S+)/.exec(image)?.[1] ?? "";
    await mustRun(`imagesync copy --quiet docker.io/library/release:1 oci-archive:${archive}\n${image}`, {
      directory: home,
      home,
      environment,
    });
    expect(await world.digest("registry.example.com/tools/imagesync:0.1.0")).toBe(digest);

    await cp(join(root, "deploy"), join(home, "deploy"), { recursive: true });
    const directory = /apply -k (\S+)/.exec(apply)?.[1] ?? "";
    await mkdir(join(home, directory));
    await writeFile(join(home, directory, "kustomization.yaml"), kustomization);
    await writeFile(join(home, directory, "imagesync.yaml"), file);
    await push((reference) => world.push(reference));
    const objects = [...(await kustomize(join(home, directory))), ...(await secretOf(secret, home))];
    expect(await kubelet.runCronJob(objects)).toMatchObject({ code: 0 });
    expect(await world.digest("registry.example.com/mirror/nginx:1.29")).toBeDefined();
    expect(await world.digest("registry.example.com/mirror/prometheus:v3.0.0")).toBeDefined();
  },
};

/** The guide by Helm. */
export const chartHandler: Handler = {
  proves: "the values that the guide to Kubernetes shows for Helm copy what they say",
  blocks: [block("With Helm"), installed],
  needs: ["kubectl", "go"],
  async run(blocks) {
    const [values = "", commands = ""] = blocks.map(({ text }) => text);
    expect(helmRenderer).toBeDefined();
    const [rendered] = await renderChart([{ values: [values] }]);
    expect(problems(rendered?.values)).toEqual([]);
    const { world, kubelet } = await openCluster(hosts);
    await push((reference) => world.push(reference));
    const [, release = "", namespace = ""] =
      /helm install (\S+) deploy\/helm\/imagesync --namespace (\S+)/.exec(commands) ?? [];
    const { objects } = await objectsOfChart({ release, namespace, values: [values] });
    expect(objectOf(objects, "CronJob").metadata).toMatchObject({ name: "mirror-imagesync", namespace: "tools" });
    const create =
      "kubectl --namespace tools create secret docker-registry imagesync-logins --docker-server=registry.example.com";
    const secret = await secretOf(
      `${create} --docker-username=robot --docker-password="$REGISTRY_TOKEN"`,
      await newDirectory(),
    );
    expect(await kubelet.runCronJob([...objects, ...secret])).toMatchObject({ code: 0 });
    expect(await world.digest("registry.example.com/mirror/nginx:1.29")).toBeDefined();
  },
};
