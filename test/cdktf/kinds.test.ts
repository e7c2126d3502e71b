import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider/index.js";
import type { TerraformResource } from "cdktf";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { annotations, type Configuration, programming } from "./built.ts";
import { kinds } from "./kinds.ts";

const { cdktf, imagesync, kubernetes } = await programming("cdktf");

describe("an aspect of a stack mirrors what runs on Kubernetes", () => {
  test.each(kinds)("$type, with its init containers", ({ type, folder, name, around, path }) => {
    const app = cdktf.Testing.app();
    const stack = new cdktf.TerraformStack(app, "stack");
    expect(new KubernetesProvider(stack, "kubernetes", {})).toBeDefined();
    const pod = {
      initContainer: [{ name: "prepare", image: "busybox:1.37", command: ["true"] }],
      container: [
        { name: "web", image: "nginx:1.27", port: [{ containerPort: 80 }] },
        { name: "proxy", image: "ghcr.io/acme/proxy:2" },
      ],
    };
    const Resource = kubernetes(folder, name);
    const resource: TerraformResource = new Resource(stack, "x", around(pod));
    expect(resource.terraformResourceType).toBe(type);
    cdktf.Aspects.of(stack).add(new imagesync.MirrorImages({ prefix: "registry.example.com/mirror" }));

    const before = structuredClone(pod);
    const configuration = JSON.parse(cdktf.Testing.synth(stack, true)) as Configuration;

    const places = Object.fromEntries(
      Object.entries(configuration.resource["imagesync"] ?? {}).map(([id, mirror]) => [mirror["source"], id]),
    );
    const mirrored = (source: string): string => `\${imagesync.${places[source]}.id}`;
    const synthesised = path.reduce<unknown>((place, key) => {
      const next = (place as Record<string, unknown>)[key];
      return Array.isArray(next) ? next[0] : next;
    }, configuration.resource[type]?.["x"]);
    expect(synthesised).toMatchObject({
      init_container: [{ name: "prepare", image: mirrored("docker.io/library/busybox:1.37"), command: ["true"] }],
      container: [
        { name: "web", image: mirrored("docker.io/library/nginx:1.27"), port: [{ container_port: 80 }] },
        { name: "proxy", image: mirrored("ghcr.io/acme/proxy:2") },
      ],
    });
    expect(Object.keys(places)).toHaveLength(3);
    expect(annotations(stack)).toEqual([]);
    expect(pod).toEqual(before);
  });

  test("is tried with each class of the bindings that has init containers, as all have that run containers", () => {
    const library = "node_modules/@cdktf/provider-kubernetes/lib";
    const declarations = readdirSync(library, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".d.ts"),
    );
    const running = declarations.filter((file) =>
      readFileSync(`${library}/${file}`, "utf8").includes("putInitContainer"),
    );
    const folders = new Set(running.map((file) => file.replace(/\/.*/, "")));
    expect(kinds.map(({ folder }) => folder).sort()).toEqual([...folders].sort());
  });
});
