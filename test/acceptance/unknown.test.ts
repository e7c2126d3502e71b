import { describe, expect, test } from "vitest";
import { buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import {
  block,
  type Body,
  expectNothingToDo,
  expression,
  knownAfterApply,
  nested,
  terraformProgram,
} from "../support/terraform/index.ts";
import { repository } from "./repositories.ts";
import { schemaAttributes } from "./schema-attributes.ts";
import { configuration, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const image = buildPlatformIndex({ seed: "unknown", layers: [2000] });

async function prepared(): Promise<Stage & { readonly reference: string; readonly origin: string }> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "1.0", image);
  return { ...stage, reference: `${stage.destination.host}/mirror/app`, origin: `${stage.source.host}/team/app:1.0` };
}

/** A value that terraform knows after apply only. */
function later(
  name: string,
  value: unknown,
): { readonly block: string; readonly value: ReturnType<typeof expression> } {
  return {
    block: block(`resource "terraform_data" "${name}"`, {
      input: expression(`jsondecode(${JSON.stringify(JSON.stringify(value))})`),
    }),
    value: expression(`terraform_data.${name}.output`),
  };
}

/** A fitting value for an attribute: what becomes known at apply. */
function valueFor(path: string, places: { origin: string; reference: string; sourceHost: string }): unknown {
  const values: Readonly<Record<string, unknown>> = {
    "provider.config_file": "/dev/null",
    "provider.config_file_content": "{}",
    "provider.resolve_at_plan": true,
    "provider.deletion_policy": "retain",
    "provider.default_platforms": ["linux/amd64"],
    "provider.max_parallel_transfers": 3,
    "provider.max_bandwidth": "50MiB",
    "provider.retries": 2,
    "provider.retry_min_delay": "1s",
    "provider.retry_max_delay": "2s",
    "provider.request_timeout": "30s",
    "provider.registry_auth.address": places.sourceHost,
    "provider.registry_auth.username": "robot",
    "provider.registry_auth.password": "secret",
    "provider.registry_auth.identity_token": "token",
    "provider.registry_auth.registry_token": "token",
    "provider.registry_auth.credential_helper": "ecr-login",
    "provider.registry_auth.config_file": "/dev/null",
    "provider.registry_auth.config_file_content": "{}",
    "provider.registry_auth.auth_disabled": false,
    "provider.registry.address": "unused.example",
    "provider.registry.plain_http": true,
    "provider.registry.insecure_skip_verify": false,
    "provider.registry.ca_certificate": null,
    "provider.registry.client_certificate": null,
    "provider.registry.client_key": null,
    "provider.registry.ca_certificate_file": null,
    "provider.registry.mirrors": ["mirror.example"],
    "provider.registry.headers": { "X-Team": "a" },
    "provider.registry.proxy_url": null,
    "provider.registry.max_concurrent_requests": 4,
    "provider.registry.requests_per_second": 5,
    "provider.registry.vendor": "harbor",
    "provider.registry.api_url": "https://api.example",
    "imagesync.source": places.origin,
    "imagesync.destination": `${places.reference}:1.0`,
    "imagesync.source_digest": image.digest,
    "imagesync.platforms": ["linux/amd64"],
    "imagesync.required_platforms": ["linux/amd64"],
    "imagesync.integrity_check": "blobs",
    "imagesync.on_source_unavailable": "fail",
    "imagesync.deletion_policy": "untag",
    "imagesync.keep_previous": 2,
    "imagesync.keep_digests": [image.digest],
    "imagesync.create_repository": false,
    "imagesync.triggers": { a: "b" },
    "imagesync.timeouts.create": "10m",
    "imagesync.timeouts.read": "10m",
    "imagesync.timeouts.update": "10m",
    "imagesync.timeouts.delete": "10m",
    "imagesync.on_conflict": "fail",
    "imagesync.additional_tags": ["stable"],
    "imagesync.referrers": false,
    "imagesync_repository.source": places.origin.replace(":1.0", ""),
    "imagesync_repository.destination": places.reference,
    "imagesync_repository.mode": "semver",
    "imagesync_repository.tags": ["1.0"],
    "imagesync_repository.allow_prerelease": true,
    "imagesync_repository.compatibility": "alpine",
    "imagesync_repository.pinned_major": 1,
    "imagesync_repository.range": ">=1",
    "imagesync_repository.include": ["1.*"],
    "imagesync_repository.exclude": ["2.*"],
    "imagesync_repository.include_regex": ["1.*"],
    "imagesync_repository.exclude_regex": ["2.*"],
    "imagesync_repository.keep_latest": 3,
    "imagesync_repository.higher_on_empty": "all",
    "imagesync_repository.replace_tag": false,
    "imagesync_repository.on_conflict": "keep",
    "imagesync_repository.platforms": ["linux/amd64"],
    "imagesync_repository.required_platforms": ["linux/amd64"],
    "imagesync_repository.referrers": false,
    "imagesync_repository.integrity_check": "blobs",
    "imagesync_repository.on_source_unavailable": "fail",
    "imagesync_repository.deletion_policy": "untag",
    "imagesync_repository.keep_previous": 2,
    "imagesync_repository.create_repository": false,
    "imagesync_repository.triggers": { a: "b" },
    "imagesync_repository.deletions.max_share": 0.3,
    "imagesync_repository.deletions.protect": ["1.*"],
    "imagesync_repository.deletions.allow_empty_source": true,
    "imagesync_repository.timeouts.create": "10m",
    "imagesync_repository.timeouts.read": "10m",
    "imagesync_repository.timeouts.update": "10m",
    "imagesync_repository.timeouts.delete": "10m",
    "data.imagesync_image.source": places.origin,
    "data.imagesync_tags.repository": places.origin.replace(/:[^:]*$/, ""),
    "data.imagesync_tags.mode": "semver",
    "data.imagesync_tags.allow_prerelease": true,
    "data.imagesync_tags.compatibility": "",
    "data.imagesync_tags.pinned_major": 1,
    "data.imagesync_tags.range": ">=1",
    "data.imagesync_tags.include": ["1*"],
    "data.imagesync_tags.exclude": ["2*"],
    "data.imagesync_tags.include_regex": ["1.*"],
    "data.imagesync_tags.exclude_regex": ["2.*"],
    "data.imagesync_tags.keep_latest": 2,
    "data.imagesync_tags.resolve_digests": true,
  };
  if (!(path in values)) throw new Error(`There is no value for ${path}`);
  return values[path];
}

/** What must stand beside an attribute of the provider block. */
function company(name: string, host: string): Body {
  const login: Readonly<Record<string, Body>> = {
    address: { username: "robot", password: "secret" },
    username: { address: host, password: "secret" },
    password: { address: host, username: "robot" },
    identity_token: { address: host },
    registry_token: { address: host },
    auth_disabled: { address: host, username: "robot", password: "secret" },
  };
  return login[name] ?? { address: host };
}

describe.skipIf(terraformProgram === undefined)("values that are not known before apply", patient, () => {
  test("no validate and no plan fails because one input is unknown, whichever it is", async () => {
    const stage = await prepared();
    const { workspace, reference, origin } = stage;
    await workspace.write(configuration({}));
    const writable = (await schemaAttributes(workspace)).filter((attribute) => attribute.use !== "computed");
    expect(writable.length).toBeGreaterThan(20);
    const registries = [stage.source.host, stage.destination.host].map((host) =>
      nested({ address: host, plain_http: true }),
    );
    const base = { source: origin, destination: `${reference}:1.0` };
    for (const { path } of writable) {
      const unknown = later("x", valueFor(path, { origin, reference, sourceHost: stage.source.host }));
      const names = path.split(".");
      const name = names.at(-1) ?? "";
      const isProvider = names[0] === "provider";
      const own: Body = { [name]: unknown.value };
      const provider: Body = !isProvider
        ? { registry: registries }
        : names.length === 2
          ? { registry: registries, ...own }
          : names[1] === "registry"
            ? { registry: [...registries, nested({ address: "unused.example", ...own })] }
            : { registry: registries, registry_auth: nested({ ...company(name, stage.source.host), ...own }) };
      const resource = mirror(
        names[0] !== "imagesync" ? base : names.length === 3 ? { ...base, timeouts: nested(own) } : { ...base, ...own },
      );
      const many = repository({
        source: origin.replace(":1.0", ""),
        destination: `${reference}/many`,
        ...(names[0] !== "imagesync_repository" ? {} : names.length === 3 ? { [names[1] ?? ""]: nested(own) } : own),
      });
      const data = [
        block('data "imagesync_image" "x"', { source: origin, ...(names[1] === "imagesync_image" ? own : {}) }),
        block('data "imagesync_tags" "x"', {
          repository: origin.replace(/:[^:]*$/, ""),
          ...(names[1] === "imagesync_tags" ? own : {}),
        }),
      ].join("\n");
      await workspace.write(configuration(provider, unknown.block, resource, many, data));
      expect(await workspace.validate(), `${path}: validate`).toEqual([]);
      const findings = await workspace.planFindings();
      expect(
        findings.filter(({ severity }) => severity === "error"),
        `${path}: plan`,
      ).toEqual([]);
    }
  });

  test.each([
    ["source", (places: { origin: string }) => places.origin],
    ["destination", (places: { reference: string }) => `${places.reference}:1.0`],
    ["source_digest", () => image.digest],
    ["platforms", () => ["linux/amd64"]],
    ["required_platforms", () => ["linux/amd64"]],
    ["integrity_check", () => "blobs"],
    ["on_source_unavailable", () => "fail"],
    ["deletion_policy", () => "untag"],
    ["keep_previous", () => 2],
    ["keep_digests", () => [image.digest]],
    ["create_repository", () => false],
    ["on_conflict", () => "fail"],
    ["additional_tags", () => ["stable", "1"]],
    ["referrers", () => false],
    ["triggers", () => ({ a: "b" })],
  ])("%s from another resource: one apply brings all, and then there is nothing to do", async (name, valueOf) => {
    const { workspace, config, reference, origin } = await prepared();
    const unknown = later("x", valueOf({ origin, reference }));
    await workspace.write(
      config(unknown.block, mirror({ source: origin, destination: `${reference}:1.0`, [name]: unknown.value })),
    );
    await workspace.apply(await workspace.plan());
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ source_digest: image.digest });
    await expectNothingToDo(workspace);
  });

  test.each<[string, boolean]>([
    ["at a create", false],
    ["at an update", true],
  ])("on_conflict promises no image while it is not known, where another one is: %s", async (_name, isThere) => {
    const { workspace, config, reference, origin, destination } = await prepared();
    const theirs = buildPlatformIndex({ seed: "unknown, theirs", layers: [1000] });
    if (isThere) {
      await workspace.write(config(mirror({ source: origin, destination: `${reference}:1.0` })));
      await workspace.apply();
    }
    await pushTo(destination, "mirror/app", "1.0", theirs);
    const unknown = later("x", "keep");
    await workspace.write(
      config(unknown.block, mirror({ source: origin, destination: `${reference}:1.0`, on_conflict: unknown.value })),
    );
    const plan = await workspace.plan();
    expect(plan.after("imagesync.x")).toMatchObject({ id: knownAfterApply });
    await workspace.apply(plan);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ id: `${reference}@${theirs.digest}` });
    await expectNothingToDo(workspace);
  });

  test.each<[string, unknown]>([
    ["on_conflict", "keep"],
    ["replace_tag", false],
  ])("%s of a set promises no images while it is not known", async (name, value) => {
    const { workspace, config, reference, origin, source, destination } = await prepared();
    const places = { source: origin.replace(":1.0", ""), destination: reference };
    await workspace.write(config(repository(places)));
    await workspace.apply();
    await pushTo(source, "team/app", "1.1", image);
    const theirs = buildPlatformIndex({ seed: "unknown, theirs", layers: [1000] });
    await pushTo(destination, "mirror/app", "1.1", theirs);
    const unknown = later("x", value);
    await workspace.write(config(unknown.block, repository({ ...places, [name]: unknown.value })));
    await workspace.apply(await workspace.plan());
    expect((await workspace.state()).attributes("imagesync_repository.x")).toMatchObject({
      images: { "1.0": `${reference}@${image.digest}`, "1.1": `${reference}@${theirs.digest}` },
    });
    await expectNothingToDo(workspace);
  });

  test("a provider block that is essential and unknown leaves the plan of a mirror open, and the apply completes it", async () => {
    const { workspace, reference, origin, source, destination } = await prepared();
    const plain = later("x", true);
    const provider = {
      registry: [source, destination].map(({ host }) => nested({ address: host, plain_http: plain.value })),
    };
    const main = mirror({ source: origin, destination: `${reference}:1.0` });
    await workspace.write(configuration(provider, plain.block, main));
    const plan = await workspace.plan();
    expect(plan.after("imagesync.x")).toMatchObject({ id: knownAfterApply, source_digest: knownAfterApply });
    await workspace.apply(plan);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ source_digest: image.digest });
    await expectNothingToDo(workspace);
  });

  test("a data source that needs an unknown part of the provider block says what to do, and that helps", async () => {
    const { workspace, origin, source } = await prepared();
    const plain = later("x", true);
    const provider = { registry: nested({ address: source.host, plain_http: plain.value }) };
    const data = (body: Body): string => block('data "imagesync_image" "x"', { source: origin, ...body });
    await workspace.write(configuration(provider, plain.block, data({})));
    expect((await workspace.planFails()).text).toMatch(/Part of the provider's configuration.*depends_on/);
    await workspace.write(configuration(provider, plain.block, data({ depends_on: [expression("terraform_data.x")] })));
    await workspace.apply();
    expect((await workspace.state()).attributes("data.imagesync_image.x")).toMatchObject({ digest: image.digest });
  });

  test("an element of a list or map from another resource is waited for", async () => {
    const { workspace, config, reference, origin } = await prepared();
    const platform = later("platform", "linux/amd64");
    await workspace.write(
      config(
        platform.block,
        mirror({
          source: origin,
          destination: `${reference}:1.0`,
          platforms: ["linux/arm64", platform.value],
          triggers: { x: platform.value },
        }),
      ),
    );
    await workspace.apply(await workspace.plan());
    await expectNothingToDo(workspace);
  });

  test("a value that turns out to be bad fails the apply, with nothing written", async () => {
    const { workspace, config, origin, destination } = await prepared();
    const bad = later("x", "no spaces here");
    await workspace.write(config(bad.block, mirror({ source: origin, destination: bad.value })));
    const failed = await workspace.applyFails(await workspace.plan());
    expect(failed.text).toMatch(/Invalid image reference/);
    expect(destination.requests).toEqual([]);
    expect((await workspace.state()).has("imagesync.x")).toBe(false);
  });

  test("the id of one mirror is the source of the next, in one apply", async () => {
    const { workspace, config, reference, origin, destination } = await prepared();
    await workspace.write(
      config(
        mirror({ source: origin, destination: `${reference}:1.0` }, "first"),
        mirror({ source: expression("imagesync.first.id"), destination: `${destination.host}/second:1.0` }, "second"),
      ),
    );
    const plan = await workspace.plan();
    expect(plan.after("imagesync.first")).toMatchObject({ id: `${reference}@${image.digest}` });
    await workspace.apply(plan);
    expect(await fetchTree(destination, "second", "1.0")).toEqual(treeOf(image));
    await expectNothingToDo(workspace);
  });

  test("null means absent everywhere", async () => {
    const { workspace, config, reference, origin } = await prepared();
    const nothing = expression("null");
    await workspace.write(
      config(
        mirror({
          source: origin,
          destination: `${reference}:1.0`,
          source_digest: nothing,
          platforms: nothing,
          required_platforms: nothing,
          integrity_check: nothing,
          on_source_unavailable: nothing,
          deletion_policy: nothing,
          keep_previous: nothing,
          keep_digests: nothing,
          create_repository: nothing,
          on_conflict: nothing,
          additional_tags: nothing,
          referrers: nothing,
          triggers: nothing,
          timeouts: nested({ create: nothing, read: nothing, update: nothing, delete: nothing }),
        }),
      ),
    );
    await workspace.apply();
    await expectNothingToDo(workspace);
    await workspace.write(config(mirror({ source: origin, destination: `${reference}:1.0` })));
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test("empty lists and maps are as good as absent ones", async () => {
    const { workspace, config, reference, origin } = await prepared();
    await workspace.write(
      config(
        mirror({
          source: origin,
          destination: `${reference}:1.0`,
          platforms: [],
          required_platforms: [],
          keep_digests: [],
          additional_tags: [],
          triggers: {},
          timeouts: nested({}),
        }),
      ),
    );
    await workspace.apply();
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ id: `${reference}@${image.digest}` });
    await expectNothingToDo(workspace);
  });
});
