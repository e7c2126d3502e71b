import { describe, expect, test } from "vitest";
import { digestOfTag, openAttached, openRegistry, openWorkspaceFor, patient } from "../acceptance/stage.ts";
import { buildPlatformIndex, fetchTree, push, treeOf } from "../support/images/index.ts";
import { expectNothingToDo, terraformProgram } from "../support/terraform/index.ts";
import type { Library } from "./built.ts";
import { exampleProgram, imagesyncPart, openProject } from "./example.ts";

const openExample = async (library: Library): ReturnType<typeof openProject> =>
  await openProject(library, await exampleProgram());

describe("the example", patient, () => {
  test("is synthesised to what it always was", async () => {
    const project = await openExample("cdktf");
    const text = JSON.stringify(await project.synth(), null, 2);
    await expect(`${text}\n`).toMatchFileSnapshot("./example.txt");
  });

  test("is the same under cdktn", async () => {
    const projects = await Promise.all([openExample("cdktf"), openExample("cdktn")]);
    const [cdktf, cdktn] = await Promise.all(projects.map((project) => project.synth()));
    expect(cdktn).toEqual(cdktf);
  });

  test("is right by the declarations of the package", async () => {
    const project = await openExample("cdktf");
    await expect(project.check()).resolves.toBeUndefined();
  });

  test.skipIf(terraformProgram === undefined)(
    "mirrors its images by terraform, once each, and removes them",
    async () => {
      const [upstream, registry] = [await openRegistry(), await openRegistry()];
      const images = {
        "library/nginx:1.27": buildPlatformIndex({ seed: "nginx", layers: [2000] }),
        "library/busybox:1.37": buildPlatformIndex({ seed: "busybox", layers: [1000] }),
        "acme/tool:2": buildPlatformIndex({ seed: "tool", layers: [500] }),
      };
      for (const [name, image] of Object.entries(images)) {
        const [repository = "", tag = ""] = name.split(":");
        await push(image, { ...upstream, repository, tag });
      }
      const project = await openExample("cdktf");
      const configuration = await project.synth({
        UPSTREAM: upstream.host,
        REGISTRY: registry.host,
        PLAIN_HTTP: "true",
      });
      const workspace = await openWorkspaceFor(await openAttached());
      await workspace.write(imagesyncPart(configuration));
      await workspace.apply();

      const state = await workspace.state();
      expect(state.output("tool_ref")).toBe(`${registry.host}/tools/tool@${images["acme/tool:2"].digest}`);
      expect(state.output("tool_digest")).toBe(images["acme/tool:2"].digest);
      const nginx = images["library/nginx:1.27"].digest;
      expect(state.output("newest_nginx")).toBe(`${registry.host}/versions/library/nginx@${nginx}`);
      expect(await fetchTree(registry, "tools/tool", "stable")).toEqual(treeOf(images["acme/tool:2"]));

      // What workloads get is an address from which the image can be pulled, of the one platform that was asked for.
      const mirrors = state.addresses.filter((address) => address.startsWith("imagesync.mirror-"));
      expect(mirrors).toHaveLength(2);
      for (const address of mirrors) {
        const id = String(state.attributes(address)["id"]);
        const [repository = "", digest = ""] = id.slice(registry.host.length + 1).split("@");
        expect(repository).toMatch(/^mirror\/library\/(nginx|busybox)$/);
        const { manifests } = await fetchTree(registry, repository, digest);
        expect(Object.keys(manifests)).toHaveLength(2);
        expect(JSON.stringify(configuration.resource["kubernetes_deployment_v1"])).toContain(`\${${address}.id}`);
      }
      await expectNothingToDo(workspace);
      await workspace.destroy();
      expect(await digestOfTag(registry, "mirror/library/nginx", "1.27")).toBeUndefined();
    },
  );
});
