import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { defaults } from "../../provider-shim/resources/imagesync/state.ts";
import { buildImage, buildPlatformIndex, fetchTree, type TestManifest, treeOf } from "../support/images/index.ts";
import { block, type Body, expectNothingToDo, expression, terraformProgram } from "../support/terraform/index.ts";
import { openBesideOthers } from "./foreign-provider.ts";
import {
  craneImage,
  dockerRegistryImage,
  type ForeignObject,
  skopeo2Copy,
  skopeo2CopyOfBlocks,
  stateFile,
} from "./foreign-states.ts";
import {
  configuration,
  deleteManifest,
  digestOfTag,
  mirror,
  openRegistry,
  openWorkspaceFor,
  patient,
  pushTo,
} from "./stage.ts";

const image = buildImage({ seed: "moved", layers: [2000] });
const index = buildPlatformIndex({ seed: "index moved", layers: [2000] });
const password = "correct-horse-battery-staple";

interface Places {
  readonly source: string;
  readonly destination: string;
}

interface Moved extends Places {
  readonly workspace: Awaited<ReturnType<typeof openWorkspaceFor>>;
  readonly registry: Awaited<ReturnType<typeof openRegistry>>;
  /** The configuration with the moved block, and these settings of the resource. */
  readonly write: (settings?: Body) => Promise<void>;
}

/** A state of another provider, the image where that provider has put it, and a configuration that moves it here. */
async function moved(
  objectFor: (places: Places & { readonly digest: string }) => ForeignObject,
  {
    put = image,
    sourceHas = image,
    protocol = 6,
  }: { put?: TestManifest; sourceHas?: TestManifest; protocol?: 5 | 6 } = {},
): Promise<Moved> {
  const registry = await openRegistry();
  const workspace = await openWorkspaceFor(await openBesideOthers(protocol));
  await pushTo(registry, "team/app", "1.0", sourceHas);
  await pushTo(registry, "mirror/app", "1.0", put);
  const places = { source: `${registry.host}/team/app:1.0`, destination: `${registry.host}/mirror/app:1.0` };
  const object = objectFor({ ...places, digest: put.digest });
  await writeFile(workspace.path("terraform.tfstate"), stateFile({ old: object }));
  const provider: Body = { registry: { block: { address: registry.host, plain_http: true } } };
  const statement = block("moved", { from: expression(`${object.type}.old`), to: expression("imagesync.x") });
  const write = (settings: Body = {}): Promise<void> =>
    workspace.write(configuration(provider, mirror({ ...places, ...settings }), statement));
  await write();
  registry.resetCounts();
  return { ...places, workspace, registry, write };
}

function pinnedTo(destination: string, digest: string): string {
  return `${destination.replace(/:[^:/]*$/, "")}@${digest}`;
}

/** Whatever is neither read nor asked for. */
function writes({ registry }: Moved): readonly string[] {
  return registry.requests.filter(({ method }) => method !== "GET" && method !== "HEAD").map(({ method }) => method);
}

describe.skipIf(terraformProgram === undefined)("an object of another provider", patient, () => {
  test.each<[string, (places: Places & { readonly digest: string }) => ForeignObject, Body]>([
    ["skopeo2_copy", (places) => skopeo2Copy(places), {}],
    [
      "skopeo2_copy with keep_image",
      (places) => skopeo2Copy(places, { keep_image: true }),
      { deletion_policy: "retain" },
    ],
    ["skopeo2_copy with blocks for its images", (places) => skopeo2CopyOfBlocks(places, password), {}],
    ["crane_image, which never deletes", (places) => craneImage(places), { deletion_policy: "retain" }],
    [
      "imagesync of sHesl/imagesync",
      ({ source, destination, digest }) => ({
        provider: "registry.terraform.io/shesl/imagesync",
        type: "imagesync",
        version: 1,
        attributes: {
          source,
          destination,
          source_digest: digest,
          id: pinnedTo(destination, digest),
        },
      }),
      {},
    ],
  ])("moves here without any change: %s", async (_name, objectFor, settings) => {
    const stage = await moved(objectFor);
    const { workspace, write, destination } = stage;
    await write(settings);
    const plan = await workspace.plan();
    expect(plan.text).toMatch(/has moved to/);
    expect(plan.actions).toEqual({});
    expect(plan.text).toContain("Plan: 0 to add, 0 to change, 0 to destroy.");
    await workspace.apply(plan);
    expect(writes(stage)).toEqual([]);
    expect((await workspace.state()).addresses).toEqual(["imagesync.x"]);
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: pinnedTo(destination, image.digest),
      destination,
      source_digest: image.digest,
      complete: true,
    });
    await expectNothingToDo(workspace);
  });

  test.each([6, 5] as const)(
    "moves here by one update that copies nothing where its state knows no source, protocol %i",
    async (protocol) => {
      const stage = await moved((places) => dockerRegistryImage(places, { triggers: { commit: "4f2a" } }), {
        protocol,
      });
      const { workspace, write, source } = stage;
      await write({ triggers: { commit: "4f2a" } });
      const plan = await workspace.plan();
      expect(plan.actions).toEqual({ "imagesync.x": "update" });
      expect(plan.text).toContain("Plan: 0 to add, 1 to change, 0 to destroy.");
      expect(plan.before("imagesync.x")).toMatchObject({ source: null, triggers: { commit: "4f2a" } });
      expect(plan.after("imagesync.x")).toMatchObject({ source, source_digest: image.digest });
      await workspace.apply(plan);
      expect(writes(stage)).toEqual([]);
      await expectNothingToDo(workspace);
    },
  );

  test.each<[string, (places: Places & { readonly digest: string }) => ForeignObject]>([
    ["skopeo2_copy with keep_image", (places) => skopeo2Copy(places, { keep_image: true })],
    ["docker_registry_image with keep_remotely", (places) => dockerRegistryImage(places, { keep_remotely: true })],
    ["crane_image", (places) => craneImage(places)],
  ])("whose image was to stay at destroy is not deleted by the move: %s", async (_name, objectFor) => {
    const { workspace, registry } = await moved(objectFor);
    const plan = await workspace.plan();
    // Where nothing else is configured the plan says that from now on a destroy deletes.
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.before("imagesync.x")).toMatchObject({ deletion_policy: "retain" });
    expect(plan.after("imagesync.x")).toMatchObject({ deletion_policy: null });
    await workspace.must(["plan", "-destroy", "-no-color"]);
    await workspace.must(["destroy", "-auto-approve", "-no-color"]);
    expect(await digestOfTag(registry, "mirror/app", "1.0")).toBe(image.digest);
  });

  test("that had copied one platform of an index is updated in place to the whole index", async () => {
    const [amd64] = index.children;
    if (amd64 === undefined) throw new Error("The index has no children");
    const stage = await moved(
      (places) => skopeo2Copy(places, { copy_all_images: false, preserve_digests: false, source_digest: index.digest }),
      { put: amd64, sourceHas: index },
    );
    const { workspace, registry } = stage;
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.after("imagesync.x")).toMatchObject({ source_digest: index.digest });
    await workspace.apply(plan);
    expect(await fetchTree(registry, "mirror/app", "1.0")).toEqual(treeOf(index));
    await expectNothingToDo(workspace);
  });

  test("whose tag somebody else has moved since is put right", async () => {
    const { workspace, registry } = await moved((places) => skopeo2Copy({ ...places, digest: image.digest }), {
      put: buildImage({ seed: "somebody else's", layers: [1000] }),
    });
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    await workspace.apply(plan);
    expect(await digestOfTag(registry, "mirror/app", "1.0")).toBe(image.digest);
    await expectNothingToDo(workspace);
  });

  test("whose image is gone is created again", async () => {
    const { workspace, registry, write } = await moved((places) => craneImage(places));
    await deleteManifest(registry, "mirror/app", image.digest);
    await write({ deletion_policy: "retain" });
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "create" });
    await workspace.apply(plan);
    expect(await digestOfTag(registry, "mirror/app", "1.0")).toBe(image.digest);
    await expectNothingToDo(workspace);
  });

  test("of the same provider at another registry keeps what it remembers", async () => {
    const memory = JSON.stringify({ imagesync: 1, previous: [index.digest] });
    const { workspace } = await moved(({ source, destination, digest }) => ({
      provider: "registry.opentofu.org/imagesync/imagesync",
      type: "imagesync",
      version: 2,
      private: memory,
      attributes: { ...defaults, source, destination, source_digest: digest, id: pinnedTo(destination, digest) },
    }));
    const plan = await workspace.plan({ refresh: false });
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    await workspace.apply(plan);
    const { resources } = JSON.parse((await workspace.stateFile()) ?? "") as {
      resources: { instances: { private: string }[] }[];
    };
    const kept = Buffer.from(resources[0]?.instances[0]?.private ?? "", "base64").toString();
    expect(JSON.parse(kept)).toMatchObject({ imagesync: 1, previous: [index.digest] });
  });

  test("keeps its keys where there are several", async () => {
    const { workspace, registry } = await moved((places) => craneImage(places));
    const places = (key: string): Places => ({
      source: `${registry.host}/team/app:1.0`,
      destination: `${registry.host}/mirror/${key}:1.0`,
    });
    const objects = ["a", "b"].map((key): [string, ForeignObject] => [
      key,
      craneImage({ ...places(key), digest: image.digest }),
    ]);
    for (const [key] of objects) await pushTo(registry, `mirror/${key}`, "1.0", image);
    await writeFile(workspace.path("terraform.tfstate"), stateFile({ old: Object.fromEntries(objects) }));
    const each = {
      for_each: expression('toset(["a", "b"])'),
      source: `${registry.host}/team/app:1.0`,
      destination: expression(`"${registry.host}/mirror/\${each.key}:1.0"`),
      deletion_policy: "retain",
    };
    await workspace.write(
      configuration(
        { registry: { block: { address: registry.host, plain_http: true } } },
        mirror(each),
        block("moved", { from: expression("crane_image.old"), to: expression("imagesync.x") }),
      ),
    );
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({});
    await workspace.apply(plan);
    expect((await workspace.state()).addresses.toSorted()).toEqual(['imagesync.x["a"]', 'imagesync.x["b"]']);
  });

  test("brings no login of its state along", async () => {
    const { workspace } = await moved((places) => skopeo2CopyOfBlocks(places, password));
    expect(await workspace.stateFile()).toContain(password);
    const applied = await workspace.apply();
    expect(applied.text).not.toContain(password);
    expect(await workspace.stateFile()).not.toContain(password);
  });

  test.each<[string, ForeignObject, RegExp]>([
    [
      "an archive as destination",
      skopeo2Copy(
        { source: "r.example/a:1", destination: "x", digest: "" },
        { destination_image: "docker-archive:/tmp/a.tar" },
      ),
      /names no destination at a registry.*import it/,
    ],
    [
      "a type that has no image",
      { provider: "registry.terraform.io/example/other", type: "other_thing", attributes: { id: "1" } },
      /"other_thing" of registry.terraform.io\/example\/other cannot become an "imagesync".*import it/,
    ],
  ])("with %s stays where it is, and the error says what to do", async (_name, object, words) => {
    const { workspace } = await moved(() => object);
    const failed = await workspace.planFails();
    expect(failed.text).toMatch(words);
    expect(await workspace.stateFile()).toContain(object.type);
  });
});
