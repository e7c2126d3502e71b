import { expect } from "vitest";
import { openAttached, openRegistry, openWorkspaceFor, configuration, pushTo } from "../acceptance/stage.ts";
import { buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import { nested } from "../support/terraform/index.ts";
import type { Handler } from "./handler.ts";
import { substitute, withoutDigits } from "./newcomer.ts";

/** Names of the two blocks that a reader sees first. */
export const firstScreen = ["README.md > imagesync > 1", "README.md > imagesync > 2"] as const;

/** The promise of the project: the digest-pinned id is known at plan, and flows into what runs the image. */
export const firstScreenHandler: Handler = {
  proves: "the first example plans as the excerpt shows, applies, and hands the pinned id to what uses it",
  blocks: firstScreen,
  needs: ["terraform"],
  async run([example, excerpt]) {
    const source = await openRegistry();
    const destination = await openRegistry();
    const image = buildPlatformIndex({ seed: "first screen", layers: [2000] });
    await pushTo(source, "library/nginx", "1.29", image);
    const workspace = await openWorkspaceFor(await openAttached());
    const { mirrored, expression } = partsOf(example?.text ?? "");
    const hosts = { "docker.io": source.host, "registry.example.com": destination.host };
    const registries = [source, destination].map(({ host }) => nested({ address: host, plain_http: true }));
    const deployment = `resource "terraform_data" "web" {\n  input = ${expression}\n}\n`;
    await workspace.write(configuration({ registry: registries }, substitute(mirrored, hosts), deployment));

    const id = `${destination.host}/mirror/nginx@${image.digest}`;
    const plan = await workspace.plan();
    expect(plan.after("terraform_data.web")).toMatchObject({ input: id });
    expectExcerpt(excerpt?.text ?? "", plan.text.replaceAll(destination.host, "registry.example.com"));

    await workspace.apply(plan);
    const state = await workspace.state();
    expect(state.attributes("imagesync.nginx")).toMatchObject({ id });
    expect(state.attributes("terraform_data.web")).toMatchObject({ output: id });
    expect(await fetchTree(destination, "mirror/nginx", "1.29")).toEqual(treeOf(image));
  },
};

/** The resource of ours, and the expression by which the Deployment uses it. */
function partsOf(example: string): { readonly mirrored: string; readonly expression: string } {
  const end = example.indexOf("\n}\n") + 3;
  const [, expression = ""] = /^ +image = (.*)$/m.exec(example.slice(end)) ?? [];
  expect(expression).toBe("imagesync.nginx.id");
  expect(example.slice(0, end)).toMatch(/^resource "imagesync" "nginx" \{\n/);
  return { mirrored: example.slice(0, end), expression };
}

/** Every line of the excerpt is one that terraform prints, in this order; the digits it leaves out are one digest. */
function expectExcerpt(excerpt: string, printed: string): void {
  const shown = excerpt.trimEnd().split("\n").map(withoutDigits);
  const lines = printed.split("\n").filter((line) => shown.includes(withoutDigits(line)));
  expect(lines.map(withoutDigits)).toEqual(shown);
  const digests = lines.join("\n").match(/[0-9a-f]{64}/g) ?? [];
  expect(digests.length).toBeGreaterThan(1);
  expect(new Set(digests).size).toBe(1);
}
