import { digestOfTag, mirror, openRegistry, openWorkspaceFor, pushTo } from "../acceptance/stage.ts";
import { buildImage } from "../support/images/index.ts";
import { block, expectNothingToDo, nested, type Workspace } from "../support/terraform/index.ts";
import { expect } from "vitest";

/** Somebody who has just got Terraform. */
export interface Newcomer {
  /** The commands' home is its directory. */
  readonly workspace: Workspace;
  /** Leads the image of the configuration from create to destroy. */
  readonly life: () => Promise<void>;
}

/** Somebody with a configuration that copies one image, by the provider of an address. */
export async function newcomer(source = "imagesync/imagesync"): Promise<Newcomer> {
  const workspace = await openWorkspaceFor({ environment: {}, cliConfig: "", close: () => Promise.resolve() });
  const image = buildImage({ seed: "newcomer", layers: [3000] });
  const [from, to] = [await openRegistry(), await openRegistry()];
  await pushTo(from, "team/app", "1.0", image);
  await workspace.write(
    [
      `terraform {\n  required_providers {\n    imagesync = { source = ${JSON.stringify(source)} }\n  }\n}\n`,
      block('provider "imagesync"', {
        registry: [from, to].map(({ host }) => nested({ address: host, plain_http: true })),
      }),
      mirror({ source: `${from.host}/team/app:1.0`, destination: `${to.host}/mirror/app:1.0` }),
    ].join("\n"),
  );
  return {
    workspace,
    life: async () => {
      await workspace.apply();
      expect(await digestOfTag(to, "mirror/app", "1.0")).toBe(image.digest);
      await expectNothingToDo(workspace);
      await workspace.destroy();
    },
  };
}

/** Makes commands of Terraform see no configuration of its own at all. */
export const unconfigured = { TF_CLI_CONFIG_FILE: "" } as const;
