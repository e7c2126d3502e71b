import type { TerraformStack } from "cdktf";
import { describe, expect, test } from "vitest";
import { annotations, type Configuration, programming } from "./built.ts";

const { cdktf, imagesync, kubernetes } = await programming("cdktf");
const Manifest = kubernetes("manifest", "Manifest");

interface Outcome {
  /** What Terraform reads, the names of mirrors replaced by what they mirror. */
  readonly manifest: unknown;
  readonly problems: readonly string[];
}

/** What becomes of a manifest in a stack that is mirrored. */
function mirrored(manifest: unknown): Outcome {
  const stack: TerraformStack = new cdktf.TerraformStack(cdktf.Testing.app(), "stack");
  expect(new Manifest(stack, "x", { manifest })).toBeDefined();
  cdktf.Aspects.of(stack).add(new imagesync.MirrorImages({ prefix: "registry.example.com" }));
  const { resource } = JSON.parse(cdktf.Testing.synth(stack)) as Configuration;
  const text = Object.entries(resource["imagesync"] ?? {}).reduce(
    (text, [name, { source }]) => text.replaceAll(`\${imagesync.${name}.id}`, `mirror of ${String(source)}`),
    JSON.stringify(resource["kubernetes_manifest"]?.["x"]?.["manifest"]),
  );
  return { manifest: JSON.parse(text), problems: annotations(stack).map(({ message }) => message) };
}

const pod = {
  initContainers: [{ name: "prepare", image: "busybox:1" }],
  containers: [{ name: "web", image: "nginx:1", env: [{ name: "IMAGE", value: "redis:7" }] }],
  ephemeralContainers: [{ name: "look", image: "alpine:3" }],
  volumes: [
    { name: "data", image: { reference: "ghcr.io/acme/data:1", pullPolicy: "Always" } },
    { name: "tmp", emptyDir: {} },
  ],
};
const mirroredPod = {
  initContainers: [{ name: "prepare", image: "mirror of docker.io/library/busybox:1" }],
  containers: [
    { name: "web", image: "mirror of docker.io/library/nginx:1", env: [{ name: "IMAGE", value: "redis:7" }] },
  ],
  ephemeralContainers: [{ name: "look", image: "mirror of docker.io/library/alpine:3" }],
  volumes: [
    { name: "data", image: { reference: "mirror of ghcr.io/acme/data:1", pullPolicy: "Always" } },
    { name: "tmp", emptyDir: {} },
  ],
};

describe("a manifest runs from the mirror", () => {
  test.each([
    ["Pod", (spec: unknown) => ({ spec })],
    ["Deployment", (spec: unknown) => ({ spec: { template: { spec } } })],
    ["CronJob", (spec: unknown) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } })],
    ["a custom resource", (spec: unknown) => ({ spec: { workers: [{ replicas: 1, podTemplate: { spec } }] } })],
  ])("as %s", (kind, around) => {
    const manifest = { apiVersion: "v1", kind, metadata: { name: "x" } };
    const written = { ...manifest, ...around(pod) };
    const before = structuredClone(written);
    expect(mirrored(written)).toEqual({ manifest: { ...manifest, ...around(mirroredPod) }, problems: [] });
    expect(written).toEqual(before);
  });

  test.each([
    ["nothing", {}],
    ["an image that is no container's", { kind: "ConfigMap", data: { image: "nginx:1", containers: "nginx:1" } }],
    ["a number of containers", { spec: { containers: 3, image: "nginx:1" } }],
    ["a schema of containers", { spec: { containers: { type: "array", items: { image: "string" } } } }],
    ["a container without an image", { spec: { containers: [{ name: "x" }, { name: "y", image: null }] } }],
  ])("and is left alone with %s", (_, manifest) => {
    expect(mirrored(manifest)).toEqual({ manifest, problems: [] });
  });

  test("and keeps what is named like parts of JavaScript", () => {
    const hostile = JSON.parse(
      '{"__proto__":{"containers":[{"image":"nginx:1"}]},"constructor":{"prototype":{"containers":[{"image":"nginx:1"}]}}}',
    ) as object;
    mirrored(hostile);
    expect(Object.hasOwn({}, "containers") || "containers" in {}).toBe(false);
  });
});

describe("a manifest that cannot be seen into is reported", () => {
  const token = (): unknown => cdktf.Lazy.anyValue({ produce: () => [{ name: "web", image: "nginx:1" }] });

  test.each([
    ["manifest", () => cdktf.Token.asAnyMap(cdktf.Fn.yamldecode("x"))],
    ["manifest.spec", () => ({ kind: "Pod", spec: token() })],
    ["manifest.spec.template", () => ({ kind: "Deployment", spec: { template: token() } })],
    ["manifest.spec.containers", () => ({ kind: "Pod", spec: { containers: token() } })],
    ["manifest.spec.initContainers[0]", () => ({ kind: "Pod", spec: { initContainers: [token()] } })],
    ["manifest.spec.containers[0].image", () => ({ kind: "Pod", spec: { containers: [{ image: token() }] } })],
    ["manifest.spec.volumes", () => ({ kind: "Pod", spec: { volumes: token() } })],
  ])("with a token at %s", (place, make) => {
    const { problems } = mirrored(make());
    expect(problems).toEqual([expect.stringContaining(`cannot see the image at ${place},`)]);
  });

  test("but not for a token where no pod can be", () => {
    const { problems } = mirrored({ kind: "Pod", metadata: { labels: token() }, spec: { nodeName: token() } });
    expect(problems).toEqual([]);
  });
});
