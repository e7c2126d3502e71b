import { describe, expect, onTestFinished, test } from "vitest";
import { buildImage, buildPlatformIndex, type Endpoint, fetchTree, treeOf } from "../support/images/index.ts";
import {
  basicAuthorization,
  dockerRegistryProgram,
  type DockerRegistryOptions,
  type RunningDockerRegistry,
  startDockerRegistry,
  testLogin,
} from "../support/registries/index.ts";
import { expectNothingToDo, nested, type NestedBlock, terraformProgram } from "../support/terraform/index.ts";
import { digestBySkopeo, type SkopeoAccess, skopeoProgram } from "./skopeo.ts";
import {
  configuration,
  deleteManifest,
  mirror,
  openAttached,
  openRegistry,
  openWorkspaceFor,
  patient,
  pushTo,
} from "./stage.ts";
import { liveWholeLife } from "./whole-life.ts";

const missing = [terraformProgram, dockerRegistryProgram, skopeoProgram].includes(undefined);

const variants: readonly (readonly [string, DockerRegistryOptions])[] = [
  ["plain", {}],
  ["with a cache of blobs in memory", { memoryCache: true }],
  ["with htpasswd", { auth: "htpasswd" }],
  ["with TLS and an authority of its own", { tls: true }],
  ["with tokens", { auth: "token" }],
  ["with TLS, an authority of its own and htpasswd", { tls: true, auth: "htpasswd" }],
];

describe.skipIf(missing)("the whole life of an image at the real docker-registry", patient, () => {
  test.each(variants)("%s, skopeo as witness", async (_name, options) => {
    const destination = await openDockerRegistry(options);
    const source = await openRegistry();
    const workspace = await openWorkspaceFor(await openAttached());
    const sourceBlock = nested({ address: source.host, plain_http: true });
    const { registry, ...login } = providerBlock(destination, options);
    await expect(
      liveWholeLife({
        source,
        destination: await endpoint(destination, options),
        workspace,
        config: (...blocks) => configuration({ registry: [sourceBlock, registry], ...login }, ...blocks),
        witness: (repository, tag) =>
          digestBySkopeo(`${destination.host}/${repository}:${tag}`, access(destination, options)),
        tagDelete: false,
      }),
    ).resolves.toBeUndefined();
  });

  test("what others overwrite or delete there is found and put back", async () => {
    const destination = await openDockerRegistry({});
    const source = await openRegistry();
    const workspace = await openWorkspaceFor(await openAttached());
    const image = buildPlatformIndex({ seed: "drifting", layers: [3000] });
    await pushTo(source, "team/app", "1.0", image);
    await workspace.write(
      configuration(
        { registry: [source, destination].map(({ host }) => nested({ address: host, plain_http: true })) },
        mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` }),
      ),
    );
    await workspace.apply();
    const lost = image.children[2]?.digest ?? "";
    const disturbances = [
      () => pushTo(destination, "mirror/app", "1.0", buildImage({ seed: "foreign", layers: [1000] })),
      () => deleteManifest(destination, "mirror/app", lost),
    ];
    for (const disturb of disturbances) {
      await disturb();
      const plan = await workspace.plan();
      expect(plan.actions).toEqual({ "imagesync.x": "update" });
      await workspace.apply(plan);
      expect(await fetchTree(destination, "mirror/app", "1.0")).toEqual(treeOf(image));
      await expectNothingToDo(workspace);
    }
    // It deletes tags by deleting their manifest only.
    await deleteManifest(destination, "mirror/app", image.digest);
    expect((await workspace.plan()).actions).toEqual({ "imagesync.x": "create" });
    await workspace.apply();
    expect(await digestBySkopeo(`${destination.host}/mirror/app:1.0`)).toBe(image.digest);
    await workspace.destroy();
  });

  test("with source and destination at one registry that wants a token for each", async () => {
    const options = { auth: "token" } as const;
    const registry = await openDockerRegistry(options);
    const both = await endpoint(registry, options);
    await expect(
      liveWholeLife({
        source: both,
        destination: both,
        workspace: await openWorkspaceFor(await openAttached()),
        config: (...blocks) => configuration(providerBlock(registry, options), ...blocks),
        witness: (repository, tag) =>
          digestBySkopeo(`${registry.host}/${repository}:${tag}`, access(registry, options)),
        tagDelete: false,
      }),
    ).resolves.toBeUndefined();
  });
});

async function openDockerRegistry(options: DockerRegistryOptions): Promise<RunningDockerRegistry> {
  const registry = await startDockerRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** What a user writes for this registry. */
function providerBlock(
  registry: RunningDockerRegistry,
  options: DockerRegistryOptions,
): { readonly registry: NestedBlock; readonly registry_auth?: NestedBlock } {
  return {
    registry: nested(
      registry.ca === undefined
        ? { address: registry.host, plain_http: true }
        : { address: registry.host, ca_certificate: registry.ca },
    ),
    ...(options.auth === undefined
      ? {}
      : {
          registry_auth: nested({ address: registry.host, username: testLogin.user, password: testLogin.password }),
        }),
  };
}

/** How the tests themselves talk to it. */
async function endpoint(registry: RunningDockerRegistry, options: DockerRegistryOptions): Promise<Endpoint> {
  const transport = {
    host: registry.host,
    plainHttp: registry.ca === undefined,
    ...(registry.ca === undefined ? {} : { ca: registry.ca }),
  };
  if (options.auth === undefined) return transport;
  if (registry.tokenServer === undefined) return { ...transport, headers: { authorization: basicAuthorization() } };
  const { realm, service } = registry.tokenServer;
  const scopes = ["team/app", "mirror/app"].map((repository) => `&scope=repository:${repository}:pull,push,delete`);
  const answer = await fetch(`${realm}?service=${service}${scopes.join("")}`, {
    headers: { authorization: basicAuthorization() },
  });
  const { token } = (await answer.json()) as { token: string };
  return { ...transport, headers: { authorization: `Bearer ${token}` } };
}

function access(registry: RunningDockerRegistry, options: DockerRegistryOptions): SkopeoAccess {
  return {
    ...(registry.ca === undefined ? {} : { ca: registry.ca }),
    ...(options.auth === undefined ? {} : { login: testLogin }),
  };
}
