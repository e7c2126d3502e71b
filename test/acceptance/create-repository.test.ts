import { describe, expect, onTestFinished, test } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { buildImage } from "../support/images/index.ts";
import { startProfile } from "../support/registries/profiles/index.ts";
import {
  attachedProvider,
  type Body,
  expectNothingToDo,
  nested,
  terraformProgram,
  type Workspace,
} from "../support/terraform/index.ts";
import { configuration, mirror, openRegistry, openWorkspaceFor, patient, pushTo } from "./stage.ts";

const image = buildImage({ seed: "create-repository", layers: [2000] });

/** Keys for Amazon's API, which is played: their form is looked at, and no more. */
const environment = { AWS_ACCESS_KEY_ID: "AKIAPLAYED", AWS_SECRET_ACCESS_KEY: "played", AWS_REGION: "eu-central-1" };

interface Account {
  readonly workspace: Workspace;
  /** `repository` of the destination, which the account does not have. */
  readonly repository: string;
  /** How often it was asked to create one. */
  readonly created: () => number;
  /** Every request that has changed something, or tried to. */
  readonly writes: () => readonly string[];
  /** Writes the configuration of the one mirror there is. */
  readonly write: (more: Body) => Promise<void>;
}

/** An account at Amazon ECR without a repository, and an image to mirror. */
async function openAccount(): Promise<Account> {
  const source = await openRegistry();
  await pushTo(source, "team/app", "1.0", image);
  const ecr = await startProfile("ecr", { repositories: [] });
  onTestFinished(() => ecr.close());
  const definition = createProvider({ version: "0.0.0", environment, redactor: createRedactor() });
  const provider = await attachedProvider(definition, { protocol: 6 });
  onTestFinished(() => provider.close());
  const workspace = await openWorkspaceFor(provider);
  const settings: Body = {
    registry: [
      nested({ address: source.host, plain_http: true }),
      nested({ address: ecr.host, plain_http: true, vendor: "ecr", api_url: ecr.apiUrl }),
    ],
    registry_auth: nested({ address: ecr.host, username: ecr.login.user, password: ecr.login.password }),
  };
  const repository = `${ecr.host}/mirror/app`;
  return {
    workspace,
    repository,
    created: () => ecr.requests().filter(({ kind, method }) => kind === "vendor" && method === "POST").length,
    writes: () =>
      ecr.requests().flatMap(({ method, path }) => (["GET", "HEAD"].includes(method) ? [] : `${method} ${path}`)),
    write: async (more) => {
      const attributes = { source: `${source.host}/team/app:1.0`, destination: `${repository}:1.0`, ...more };
      await workspace.write(configuration(settings, mirror(attributes)));
    },
  };
}

describe.skipIf(terraformProgram === undefined)("create_repository", patient, () => {
  test("the repository is created at Amazon ECR unless it is there", async () => {
    const { workspace, created, write } = await openAccount();
    await write({});
    await workspace.apply();
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ create_repository: true });
    expect(created()).toBe(1);
    await expectNothingToDo(workspace);
  });

  test("false leaves it to others, names the repository that is missing, and says how it is created", async () => {
    const { workspace, created, write, repository } = await openAccount();
    await write({ create_repository: false });
    const failed = await workspace.fails(["apply", "-auto-approve", "-input=false"]);
    expect(failed.text).toMatch(/Image not found/);
    expect(failed.text).toContain(repository);
    expect(failed.text.replaceAll(/[\s│]+/g, " ")).toMatch(
      /Create the repository at the registry.*create_repository = false/,
    );
    expect(created()).toBe(0);
    await write({ create_repository: true });
    await workspace.apply();
    expect(created()).toBe(1);
  });

  test("a change of it copies nothing", async () => {
    const { workspace, write, writes } = await openAccount();
    await write({});
    await workspace.apply();
    const before = writes();
    expect(before).not.toEqual([]);
    await write({ create_repository: false });
    await workspace.apply();
    expect(writes()).toEqual(before);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ create_repository: false });
    await expectNothingToDo(workspace);
  });
});
