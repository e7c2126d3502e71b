import { describe, expect, test } from "vitest";
import { buildImage } from "../support/images/index.ts";
import { block, expectNothingToDo, expression, leaksIn, nested, terraformProgram } from "../support/terraform/index.ts";
import {
  configuration,
  digestOfTag,
  type Intercept,
  mirror,
  openAttached,
  openRegistry,
  openWorkspaceFor,
  patient,
  pushTo,
  setStage,
  type Stage,
} from "./stage.ts";

const image = buildImage({ seed: "reviewed", layers: [2000, 3000] });

describe.skipIf(terraformProgram === undefined)("an ephemeral value", patient, () => {
  const password = "canary-7d1f0c2e9b";
  const variable = block('variable "password"', { type: expression("string"), ephemeral: true });
  const environment = { TF_VAR_password: password };

  test("is accepted where a password goes, and is in no state, plan or output", async () => {
    const source = await openRegistry();
    const destination = await openRegistry({ auth: { kind: "basic", users: { robot: password } } });
    const workspace = await openWorkspaceFor(await openAttached());
    await pushTo(source, "team/app", "1.0", image);
    const main = mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` });
    const provider = {
      registry: [source, destination].map(({ host }) => nested({ address: host, plain_http: true })),
      registry_auth: nested({
        address: destination.host,
        username: "robot",
        password: expression('"${local.kind}-${split("-", var.password)[1]}"'),
      }),
    };
    // Derived from an ephemeral value, it is one itself.
    const kind = block("locals", { kind: expression('split("-", var.password)[0]') });
    await workspace.write(configuration(provider, variable, kind, main));
    const planned = await workspace.must(["plan", "-no-color", "-out=saved"], [0], environment);
    const shown = await workspace.must(["show", "-json", "saved"]);
    // A saved plan has no ephemeral values: they are given again.
    const applied = await workspace.must(["apply", "-no-color", "saved"], [0], environment);
    const again = await workspace.must(["plan", "-no-color", "-detailed-exitcode"], [0], environment);
    const state = (await workspace.stateFile()) ?? "";
    expect(state).toContain(`${destination.host}/mirror/app@${image.digest}`);
    const said = [planned.text, shown.stdout, applied.text, again.text, state].join("\n");
    expect(leaksIn(said, { password })).toEqual([]);
    await workspace.must(["destroy", "-auto-approve", "-no-color"], [0], environment);
  });

  test("is refused where it would come into the state", async () => {
    const { workspace, config, source, destination } = await setStage();
    const ends = { source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` };
    await workspace.write(config(variable, mirror({ ...ends, triggers: { now: expression("var.password") } })));
    const refused = await workspace.must(["plan", "-no-color"], [1], environment);
    expect(refused.text).toMatch(/[Ee]phemeral/);
  });
});

describe.skipIf(terraformProgram === undefined)("a registry that limits its rate", patient, () => {
  async function limited(answers: number): Promise<Stage> {
    const stage = await setStage({ provider: { retries: 1, retry_min_delay: "10ms", retry_max_delay: "20ms" } });
    await pushTo(stage.source, "team/app", "1.0", image);
    let left = answers;
    const intercept: Intercept = ({ method, kind }) => {
      if (method !== "PUT" || kind !== "manifest" || left === 0) return undefined;
      left -= 1;
      return {
        respond: {
          status: 429,
          headers: { "Retry-After": "0" },
          body: JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS", message: "slow down" }] }),
        },
      };
    };
    stage.destination.intercept = intercept;
    const ends = {
      source: `${stage.source.host}/team/app:1.0`,
      destination: `${stage.destination.host}/mirror/app:1.0`,
    };
    await stage.workspace.write(stage.config(mirror(ends)));
    return stage;
  }

  test("slows an apply down and fails it not", async () => {
    const { workspace, destination } = await limited(1);
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(image.digest);
    expect(destination.requests.filter(({ method, kind }) => method === "PUT" && kind === "manifest")).toHaveLength(2);
    await expectNothingToDo(workspace);
  });

  test("longer than there are retries is told with status, code and the number of attempts", async () => {
    const { workspace } = await limited(Number.POSITIVE_INFINITY);
    const failed = await workspace.applyFails();
    expect(failed.text).toMatch(/Rate limit reached/);
    expect(failed.text).toMatch(/status: 429/);
    expect(failed.text).toMatch(/TOOMANYREQUESTS/);
    expect(failed.text).toMatch(/attempts: 2/);
    expect((await workspace.state()).addresses).toEqual([]);
  });
});
