import { expect } from "vitest";
import { parse } from "yaml";
import { jsonReply } from "../../embedded-registry/index.ts";
import { buildPlatformIndex } from "../support/images/index.ts";
import { basicAuthorization } from "../support/registries/index.ts";
import { applyConverted } from "./converted-guides.ts";
import type { Handler } from "./handler.ts";
import { guideBlocks, linesOf, openReader, type Reader } from "./reader.ts";

const admin = { user: "admin", password: "an-administrator's-secret" };
const robot = { user: "robot$mirror", password: "a-robot's-secret" };
const hub = { user: "acme", password: "a-token-of-the-hub" };

/** The guide from Harbor's replication: its API's answer, what that becomes, and what a run of it does. */
export const harborGuideHandler: Handler = {
  proves: "the guide from Harbor leads from its API to a sync, a line for cron and an apply, as it shows them",
  blocks: guideBlocks(
    "migrating-from-harbor",
    ["Fetch the policies", 2],
    ["Convert", 3],
    ["Plan and sync", 5],
    ["To Terraform", 3],
  ),
  needs: ["terraform", "curl"],
  async run(blocks) {
    const [fetch, policies = "", convert, lost, native = "", ...rest] = blocks.map(({ text }) => text);
    const [plan = "", shownPlan, sync = "", shownSync, cron = "", terraform, before = "", after = ""] = rest;
    const reader = await openHarbor(policies);
    const given = { HARBOR_USER: admin.user, HARBOR_PASSWORD: admin.password };
    await reader.run(fetch, given);
    expect(JSON.parse(await reader.read("policies.json"))).toEqual(JSON.parse(policies));
    expect(await reader.try(convert)).toEqual({ code: 0, stdout: "", stderr: lost });
    expect(await reader.read("imagesync.yaml")).toBe(native);

    const auth = Buffer.from(`${robot.user}:${robot.password}`).toString("base64");
    const login = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "harbor.example.com": { auth } } }) };
    expect(await reader.run(plan, login)).toEqual(linesOf(shownPlan));
    const exported = plan.split("\n").filter((line) => line.startsWith("export "));
    expect(await reader.run([...exported, sync].join("\n"), login)).toEqual(linesOf(shownSync));
    expect(await reader.world.tags("registry.example.com/team/app")).toEqual(["1", "2", "3"]);
    const [, command] = /^(?:\S+ ){5}(.+)$/m.exec(cron) ?? [];
    expect(await reader.run(command, login)).toEqual(linesOf(shownSync));
    await applyConverted(reader, terraform, { ...login, TF_VAR_docker_io_access_secret: hub.password });
    expectSame(before, after, native);
  },
};

/** A Harbor with an image, and with these policies. */
async function openHarbor(policies: string): Promise<Reader> {
  const reader = await openReader({
    "docker.io": { auth: { kind: "basic", users: { [hub.user]: hub.password } } },
    "harbor.example.com": {
      auth: { kind: "basic", users: { [robot.user]: robot.password } },
      api: ({ path, query, headers }) => {
        if (path !== "/api/v2.0/replication/policies") return Promise.resolve(undefined);
        if (headers.authorization !== basicAuthorization(admin))
          return Promise.resolve({ ...jsonReply({ errors: [] }), status: 401 });
        // Pages have ten entries there unless more are asked for.
        expect(Number(query.get("page_size"))).toBeGreaterThan((JSON.parse(policies) as unknown[]).length);
        return Promise.resolve(jsonReply(JSON.parse(policies)));
      },
    },
    "registry.example.com": {},
  });
  const images = {
    "docker.io/library/alpine": ["3.20", "3.21", "3.22-rc1", "edge"],
    "docker.io/library/busybox": ["3.1"],
    "harbor.example.com/team/app": ["1", "2", "3"],
    "registry.example.com/team/app": ["0", "1", "2"],
  };
  for (const [repository, tags] of Object.entries(images)) {
    for (const tag of tags) {
      // Both sides have the same images under the same tags.
      const seed = `${repository.replace(/^[^/]+\//, "")}:${tag}`;
      await reader.world.push(`${repository}:${tag}`, buildPlatformIndex({ seed, layers: [400], shared: 800 }));
    }
  }
  await reader.write("hub-token", hub.password);
  return reader;
}

/** The two resources for Terraform speak of what the converted file does. */
function expectSame(before: string, after: string, native: string): void {
  const { repositories } = parse(native) as { repositories: readonly { source: string; destination: string }[] };
  const value = (text: string, name: string): string => new RegExp(`\\b${name} += \\[?"([^"]+)"`).exec(text)?.[1] ?? "";
  const source = value(after, "source");
  const entry = repositories.find((each) => each.source === source);
  expect(entry).toMatchObject({ destination: value(after, "destination"), include: [value(after, "include")] });
  expect(source.endsWith(`/${value(before.slice(before.indexOf("filters")), "name")}`)).toBe(true);
  expect(value(before, "tag")).toBe(value(after, "include"));
  expect(value(after, "destination")).toContain(`/${value(before, "dest_namespace")}/`);
}
