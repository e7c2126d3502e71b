import { expect } from "vitest";
import { openPackaged, openWorkspaceFor } from "../acceptance/stage.ts";
import type { Hosts } from "../golden/world.ts";
import { buildPlatformIndex } from "../support/images/index.ts";
import { type Block, extractBlocks } from "./block.ts";
import type { Handler } from "./handler.ts";
import { documentOf } from "./markdown.ts";
import { guideBlocks, linesOf, openReader, type Reader } from "./reader.ts";

/** A guide from a program whose file is converted. */
interface ConvertedGuide {
  /** `migrating-from-` and this is the guide. */
  readonly from: string;
  readonly proves: string;
  /** Blocks before the conversion, by their heading, and how the reader's files with their content are called. */
  readonly files: readonly [heading: string, names: readonly string[]];
  readonly hosts: Hosts;
  /** References of images that are there, each an index of two platforms. */
  readonly images: readonly string[];
  /** Files with secrets, and variables for Terraform. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether the guide has a line for cron after its sync. */
  readonly cron?: boolean;
}

const secret = "open-sesame";
const login = (user: string): Hosts[string] => ({ auth: { kind: "basic", users: { [user]: secret } } });

const guides: readonly ConvertedGuide[] = [
  {
    from: "regsync",
    proves: "the guide from regsync leads from its file to a sync, a line for cron and an apply, as it shows them",
    files: ["The file", ["regsync.yml"]],
    hosts: { "docker.io": {}, "ghcr.io": {}, "registry.example.com": login("robot") },
    images: [
      ...["3.9", "3.18", "3.21", "edge"].map((tag) => `docker.io/library/alpine:${tag}`),
      "ghcr.io/acme/app:1.4",
    ],
    secrets: { token: secret },
    variables: { TF_VAR_registry_token: secret },
    cron: true,
  },
  {
    from: "skopeo-sync",
    proves: "the guide from skopeo sync leads from its file to a sync and an apply, as it shows them",
    files: ["The file", ["sync.yml"]],
    hosts: { "registry.example.com": login("robot"), "quay.io": {}, "mirror.example.com": {} },
    images: [
      ...["1.4", "1.5", "1.6"].map((tag) => `registry.example.com/team/app:${tag}`),
      ...["v3.5.21", "v3.6.0", "v3.5.21-arm64"].map((tag) => `quay.io/coreos/etcd:${tag}`),
    ],
    secrets: { password: secret },
    variables: { TF_VAR_registry_example_com_password: secret },
  },
  {
    from: "aliyun-image-syncer",
    proves: "the guide from Aliyun's image-syncer leads from its lists to a sync and an apply, as it shows them",
    files: ["The files", ["auth.yaml", "images.yaml"]],
    hosts: { "docker.io": {}, "quay.io": login("reader"), "registry.example.com": login("robot") },
    images: [
      ...["7.2", "7.4"].map((tag) => `docker.io/library/redis:${tag}`),
      "docker.io/library/nginx:1.29",
      ...["v1.0", "v2.0", "v2.1"].map((tag) => `quay.io/team/app:${tag}`),
    ],
    secrets: { password: secret, "quay-password": secret },
    variables: { TF_VAR_registry_password: secret, TF_VAR_quay_io_team_password: secret },
  },
];

/** The guides from programs whose files are converted: each block from the foreign file to an apply. */
export const convertedGuideHandlers: readonly Handler[] = guides.map((guide) => {
  const [heading, { length }] = guide.files;
  return {
    proves: guide.proves,
    blocks: guideBlocks(
      `migrating-from-${guide.from}`,
      [heading, length],
      ["Convert", 3],
      ["Plan and sync", guide.cron === true ? 5 : 4],
      ["To Terraform", 1],
    ),
    needs: ["terraform"],
    run: (blocks) => follow(guide, blocks),
  };
});

async function openGuide(
  { files, hosts, images, secrets = {} }: ConvertedGuide,
  blocks: readonly Block[],
): Promise<Reader> {
  const reader = await openReader(hosts);
  for (const image of images) {
    await reader.world.push(image, buildPlatformIndex({ seed: image, layers: [400], shared: 800 }));
  }
  for (const [at, name] of files[1].entries()) await reader.write(name, blocks[at]?.text);
  for (const [name, text] of Object.entries(secrets)) await reader.write(name, text);
  return reader;
}

async function follow(guide: ConvertedGuide, blocks: readonly Block[]): Promise<void> {
  const reader = await openGuide(guide, blocks);
  const rest = blocks.slice(guide.files[1].length).map(({ text }) => text);
  const [convert, lost = "", native, plan = "", shownPlan, sync = "", shownSync, ...last] = rest;
  const [terraform, cron] = last.toReversed();

  expect(await reader.try(convert)).toEqual({ code: 0, stdout: "", stderr: lost });
  expect(await reader.read("imagesync.yaml")).toBe(native);
  expect(await reader.run(plan)).toEqual(linesOf(shownPlan));
  // The reader's shell still has what was exported for the plan.
  const exported = plan.split("\n").filter((line) => line.startsWith("export "));
  expect(await reader.run([...exported, sync].join("\n"))).toEqual(linesOf(shownSync));
  if (cron !== undefined) {
    const [, command = ""] = /^(?:\S+ ){5}(.+)$/m.exec(cron) ?? [];
    expect(await reader.run(command)).toEqual(linesOf(shownSync));
  }
  await applyConverted(reader, terraform, guide.variables);
}

/** The apply adopts what the sync has put in place, and has nothing to do afterwards. */
export async function applyConverted(
  reader: Reader,
  convert: string | undefined,
  variables: Readonly<Record<string, string>> = {},
): Promise<void> {
  await reader.run(convert);
  const provider = await openPackaged();
  const workspace = await openWorkspaceFor(provider);
  const terraform = [
    ["apply", "-auto-approve"],
    ["plan", "-detailed-exitcode"],
  ] as const;
  await workspace.write(await reader.read("mirror.tf"));
  for (const [command, flag] of terraform) {
    const arguments_ = [command, flag, "-input=false", "-no-color"];
    await workspace.must(arguments_, [0], { ...reader.world.environment, ...variables });
  }
}

/** The real skopeo before our plan. */
export const skopeoSideBySideHandler: Handler = {
  proves: "after skopeo sync, with the flags of the guide, a plan of the converted file has nothing to do",
  blocks: guideBlocks("migrating-from-skopeo-sync", ["Side by side", 3]),
  needs: ["skopeo"],
  async run([skopeo, plan, shown]) {
    const guide = guides.find(({ from }) => from === "skopeo-sync");
    if (guide === undefined) throw new Error("There is no guide from skopeo sync");
    const { file, text } = documentOf("docs/guides/migrating-from-skopeo-sync.md");
    const blocks = extractBlocks(file, text);
    const reader = await openGuide(guide, blocks);
    await reader.run(blocks.find(({ heading }) => heading === "Convert")?.text);
    const password = { REGISTRY_EXAMPLE_COM_PASSWORD: secret };
    await reader.run(skopeo?.text);
    expect(await reader.run(plan?.text, password)).toEqual(linesOf(shown?.text));
    // Without --all a platform stands in the place of each index.
    await reader.run(skopeo?.text.replace(" --all", "").replace("/copies", "/alone"));
    await reader.write("alone.yaml", (await reader.read("imagesync.yaml")).replaceAll("/copies/", "/alone/"));
    const said = await reader.run("imagesync plan -c alone.yaml", password);
    expect(said.filter((line) => line.includes("To copy: 3 images"))).toHaveLength(1);
  },
};
