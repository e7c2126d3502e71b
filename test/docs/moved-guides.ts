import { writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { expect } from "vitest";
import { openBesideOthers } from "../acceptance/foreign-provider.ts";
import {
  craneImage,
  dockerRegistryImage,
  type ForeignObject,
  skopeo2Copy,
  stateFile,
} from "../acceptance/foreign-states.ts";
import { configuration, openRegistry, openWorkspaceFor, pushTo } from "../acceptance/stage.ts";
import { buildImage } from "../support/images/index.ts";
import { nested } from "../support/terraform/index.ts";
import type { Block } from "./block.ts";
import type { Handler } from "./handler.ts";
import { substitute } from "./newcomer.ts";
import { mustRun } from "./shell.ts";

interface Mirrored {
  readonly source: string;
  readonly destination: string;
  readonly digest: string;
}

interface Guide {
  readonly from: "skopeo2" | "docker" | "crane";
  /** What that provider has in its state for the guide's first block. */
  readonly state: (mirrored: Mirrored) => ForeignObject;
  /** The last line of the plan. */
  readonly plan: string;
}

const guides: readonly Guide[] = [
  { from: "skopeo2", state: skopeo2Copy, plan: "Plan: 0 to add, 0 to change, 0 to destroy." },
  {
    from: "docker",
    state: (mirrored) => dockerRegistryImage(mirrored, { keep_remotely: true }),
    plan: "Plan: 0 to add, 1 to change, 0 to destroy.",
  },
  {
    from: "crane",
    state: (mirrored) => craneImage(mirrored, { source_digest: mirrored.digest }),
    plan: "Plan: 0 to add, 0 to change, 0 to destroy.",
  },
];

/** The guides from other providers: what is written there, from that provider's state to a plan with nothing to do. */
export const movedGuideHandlers: readonly Handler[] = guides.map((guide) => {
  const file = `docs/guides/migrating-from-${guide.from}.md`;
  return {
    proves: `the guide from ${guide.from} ends in a plan with nothing to do, and nothing is copied on the way`,
    blocks: [`${file} > The configuration > 1`, `${file} > The configuration > 2`, `${file} > The steps > 1`],
    needs: ["terraform"],
    run: (blocks) => follow(guide, blocks),
  };
});

async function follow({ from, state, plan }: Guide, [before, after, steps]: readonly Block[]): Promise<void> {
  const registry = await openRegistry();
  const provider = await openBesideOthers();
  const workspace = await openWorkspaceFor(provider);
  const image = buildImage({ seed: from, layers: [1000] });
  await pushTo(registry, "library/nginx", "1.27", image);
  await pushTo(registry, "mirror/nginx", "1.27", image);
  const wanted = after?.text ?? "";
  const [source, destination] = ["source.example.com/library/nginx:1.27", "registry.example.com/mirror/nginx:1.27"];
  // Both texts speak of the same image.
  expect(before?.text).toContain(destination);
  expect(wanted).toContain(source);
  const old = state({
    source: substitute(source, { "source.example.com": registry.host }),
    destination: substitute(destination, { "registry.example.com": registry.host }),
    digest: image.digest,
  });
  expect(before?.text).toContain(`resource "${old.type}" "nginx"`);
  await writeFile(workspace.path("terraform.tfstate"), stateFile({ nginx: old }));
  const block = { registry: nested({ address: registry.host, plain_http: true }) };
  const places = { "source.example.com": registry.host, "registry.example.com": registry.host };
  await workspace.write(configuration(block, substitute(wanted, places)));
  registry.resetCounts();
  const printed = await mustRun(steps?.text ?? "", {
    home: workspace.directory,
    directory: workspace.directory,
    environment: { ...provider.environment, TF_CLI_CONFIG_FILE: workspace.path("terraform.rc") },
    input: "yes\n",
  });
  const said = stripVTControlCharacters(printed);
  expect(said).toMatch(/has moved to|moved from/);
  expect(said).toContain(plan);
  expect(registry.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
  expect((await workspace.state()).addresses).toEqual(["imagesync.nginx"]);
  expect((await workspace.plan()).actions).toEqual({});
}
