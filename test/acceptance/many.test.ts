import { describe, expect, test } from "vitest";
import { buildTagSet, fetchTree, push, treeOf } from "../support/images/index.ts";
import { block, expectNothingToDo, expression, terraformProgram } from "../support/terraform/index.ts";
import { mirror, patient, setStage } from "./stage.ts";

describe.skipIf(terraformProgram === undefined)("two hundred mirrors in one apply", patient, () => {
  test("each distinct blob goes once to the destination registry, and then there is nothing to do", async () => {
    const { workspace, source, destination, config } = await setStage();
    const set = buildTagSet({
      seed: "two hundred",
      tags: 200,
      manifests: 150,
      bases: 4,
      baseLayers: [20_000, 30_000, 5000],
      ownLayers: [3000, 1000],
    });
    const present = new Set<string>();
    for (const [tag, image] of set) await push(image, { ...source, repository: "team/app", tag, present });
    const tags = [...set.keys()];
    await workspace.write(
      config(
        block("locals", { tags: tags }),
        mirror({
          for_each: expression("toset(local.tags)"),
          source: expression(`"${source.host}/team/app:\${each.key}"`),
          // Twenty repositories, so that blobs are shared between repositories and not only between tags.
          destination: expression(`"${destination.host}/mirror/\${substr(sha256(each.key), 0, 1)}/app:\${each.key}"`),
        }),
      ),
    );
    destination.resetCounts();
    await workspace.apply(undefined, ["-parallelism=50"]);

    const distinct = new Set([...set.values()].flatMap((image) => image.blobs.map(({ digest }) => digest)));
    const stored = destination.requests
      .filter(({ kind, method, status }) => kind === "upload" && method === "PUT" && status === 201)
      .map(({ path }) => new URLSearchParams(path.split("?")[1]).get("digest") ?? path);
    expect(stored.length).toBe(distinct.size);
    expect(new Set(stored)).toEqual(distinct);
    const uploaded = destination.requests.reduce(
      (sum, { bytesIn, kind }) => (kind === "upload" ? sum + bytesIn : sum),
      0,
    );
    const sizes = new Map([...set.values()].flatMap((image) => image.blobs.map(({ digest, size }) => [digest, size])));
    expect(uploaded).toBe([...sizes.values()].reduce((sum, size) => sum + size, 0));
    expect(destination.openUploads()).toBe(0);

    const state = await workspace.state();
    expect(state.addresses.length).toBe(200);
    for (const tag of ["v0", "v149", "v150", "v199"]) {
      const { id, destination: place } = state.attributes(`imagesync.x["${tag}"]`);
      const image = set.get(tag);
      expect(id).toBe(`${String(place).replace(`:${tag}`, "")}@${image?.digest}`);
      const repository = String(place).slice(destination.host.length + 1, -tag.length - 1);
      expect(await fetchTree(destination, repository, tag)).toEqual(image === undefined ? undefined : treeOf(image));
    }

    destination.resetCounts();
    await expectNothingToDo(workspace);
    expect(Object.keys(destination.counts()).filter((kind) => !/^(HEAD|GET) /.test(kind))).toEqual([]);
    await workspace.must(["destroy", "-auto-approve", "-no-color", "-parallelism=50"]);
    expect((await workspace.state()).addresses).toEqual([]);
  });
});
