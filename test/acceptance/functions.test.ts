import { describe, expect, test } from "vitest";
import { block, expression, knownAfterApply, terraformProgram, type Workspace } from "../support/terraform/index.ts";
import { configuration, openAttached, openWorkspaceFor, patient } from "./stage.ts";

const digest = `sha256:${"a".repeat(64)}`;

/** An output with the result of a call. */
function output(name: string, call: string): string {
  return block(`output "${name}"`, { value: expression(call) });
}

/** A workspace in which nothing is asked of any registry. */
async function open(protocol: 5 | 6 = 6): Promise<Workspace> {
  return await openWorkspaceFor(await openAttached(protocol));
}

async function outputs(workspace: Workspace): Promise<Readonly<Record<string, unknown>>> {
  const { stdout } = await workspace.must(["output", "-json"]);
  const document = JSON.parse(stdout) as Readonly<Record<string, { readonly value: unknown }>>;
  return Object.fromEntries(Object.entries(document).map(([name, { value }]) => [name, value]));
}

describe.skipIf(terraformProgram === undefined)("a function of the provider", patient, () => {
  test.each([5, 6] as const)("is an output's value, by protocol %d", async (protocol) => {
    const workspace = await open(protocol);
    await workspace.write(
      configuration(
        {},
        output("parts", `provider::imagesync::parse_reference("nginx:1.27")`),
        output("pinned", `provider::imagesync::pin("ghcr.io/acme/app:1.2", "${digest}")`),
        output("mirrored", `provider::imagesync::rewrite("nginx:1.27", "mirror.internal/dockerhub")`),
        // The example of the reference.
        output(
          "apart",
          `provider::imagesync::rewrite("nginx:1.27", "r.example.com/mirror/\${provider::imagesync::parse_reference("nginx:1.27").registry}")`,
        ),
      ),
    );
    await workspace.apply();
    expect(await outputs(workspace)).toEqual({
      parts: {
        registry: "docker.io",
        repository: "library/nginx",
        tag: "1.27",
        digest: null,
        name: "nginx",
        canonical: "docker.io/library/nginx:1.27",
      },
      pinned: `ghcr.io/acme/app@${digest}`,
      mirrored: "mirror.internal/dockerhub/library/nginx:1.27",
      apart: "r.example.com/mirror/docker.io/library/nginx:1.27",
    });
  });

  test.each([
    [
      "parse_reference",
      `parse_reference("no spaces")`,
      /Invalid value for "reference" parameter: Invalid image reference "no spaces": the character " " cannot stand in a reference/,
    ],
    [
      "pin",
      `pin("nginx", "sha256:abc")`,
      /Invalid value for "digest" parameter: Invalid digest "sha256:abc"\. A digest is sha256: and 64/,
    ],
    [
      "rewrite",
      `rewrite("nginx", "https://r.example.com")`,
      /Invalid value for "prefix" parameter: The prefix is not the start of an image reference: .*Write it as host, host:port or host\/path/,
    ],
    ["rewrite", `rewrite("nginx", null)`, /Invalid value for "prefix" parameter: argument must not be null/],
    ["pin", `pin(["nginx"], "${digest}")`, /Invalid value for "reference" parameter: string required/],
  ])("%s points at the argument that is wrong: %s", async (_name, call, message) => {
    const workspace = await open();
    await workspace.write(configuration({}, output("wrong", `provider::imagesync::${call}`)));
    const [finding, ...more] = await workspace.validate();
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: "error", summary: "Invalid function argument" });
    expect(finding?.detail).toMatch(message);
    expect(finding?.detail).toMatch(/[^.]\.$/);
    expect(finding?.line).toContain(call);
  });

  test("is unknown as long as its argument is, and known afterwards", async () => {
    const workspace = await open();
    const calls = [
      `provider::imagesync::parse_reference(terraform_data.x.output)`,
      `provider::imagesync::pin(terraform_data.x.output, "${digest}")`,
      `provider::imagesync::rewrite("nginx", terraform_data.x.output)`,
    ];
    await workspace.write(
      configuration(
        {},
        block('resource "terraform_data" "x"', { input: "r.example.com/app" }),
        ...calls.map((call, position) =>
          block(`resource "terraform_data" "y${position}"`, { input: expression(call) }),
        ),
      ),
    );
    const plan = await workspace.plan();
    for (const position of calls.keys()) {
      expect(plan.after(`terraform_data.y${position}`)["input"]).toEqual(knownAfterApply);
    }
    await workspace.apply(plan);
    expect((await workspace.state()).attributes("terraform_data.y1")["input"]).toBe(`r.example.com/app@${digest}`);
    expect((await workspace.state()).attributes("terraform_data.y2")["input"]).toBe("r.example.com/app/library/nginx");
  });

  test("answers in the console", async () => {
    const workspace = await open();
    await workspace.write(configuration({}));
    const said = await workspace.console(`provider::imagesync::pin("nginx:1", "${digest}")`);
    expect(said.stdout.trim()).toBe(`"nginx@${digest}"`);
    const refused = await workspace.console(`provider::imagesync::pin("nginx:1", "x")`);
    expect(refused.text).toContain('Invalid value for "digest" parameter: Invalid digest "x"');
  });
});
