import { describe, expect, test } from "vitest";
import { buildTagSet, fetchTree, push, treeOf } from "../support/images/index.ts";
import { nested, terraformProgram } from "../support/terraform/index.ts";
import { tagsIn } from "./destinations.ts";
import { address, changedImages, imageOf, setRepositoryStage } from "./repositories.ts";
import { patient } from "./stage.ts";

const count = 500;

describe.skipIf(terraformProgram === undefined)("five hundred tags", patient, () => {
  test("cost one list and one HEAD at each end where nothing has changed, and each blob goes once", async () => {
    const { workspace, want, publish, source, destination } = await setRepositoryStage();
    const set = buildTagSet({
      seed: "five hundred",
      tags: count,
      manifests: 400,
      bases: 3,
      baseLayers: [20_000, 5000],
      ownLayers: [1000],
    });
    const present = new Set<string>();
    for (const [tag, image] of set) await push(image, { ...source, repository: "team/app", tag, present });
    await want({ deletions: nested({}) });
    destination.resetCounts();
    await workspace.apply();

    const distinct = new Set([...set.values()].flatMap((image) => image.blobs.map(({ digest }) => digest)));
    const stored = destination.requests.filter(
      ({ kind, method, status }) => kind === "upload" && method === "PUT" && status === 201,
    );
    expect(stored.length).toBe(distinct.size);
    expect(destination.openUploads()).toBe(0);
    const { images } = (await workspace.state()).attributes(address);
    expect(images).toEqual(
      Object.fromEntries([...set].map(([tag, { digest }]) => [tag, `${destination.host}/mirror/app@${digest}`])),
    );
    expect(await fetchTree(destination, "mirror/app", "v450")).toEqual(treeOf(set.get("v450") ?? imageOf("none")));

    source.resetCounts();
    destination.resetCounts();
    const nothing = await workspace.plan();
    expect(nothing.actions).toEqual({});
    expect(manifestsAsked(source.counts())).toEqual({ "HEAD manifest": count });
    expect(manifestsAsked(destination.counts())).toEqual({ "HEAD manifest": count });
    expect(source.requests.filter(({ path }) => path.includes("/tags/list")).length).toBe(pages(count));
    expect(destination.requests.filter(({ path }) => path.includes("/tags/list"))).toEqual([]);

    await publish("v1000");
    const plan = await workspace.plan();
    expect(Object.keys(changedImages(plan))).toEqual(["v1000"]);
    source.resetCounts();
    destination.resetCounts();
    await workspace.apply(plan);
    // Of the others nothing is asked again.
    expect(source.requests.length + destination.requests.length).toBeLessThan(40);
    expect((await workspace.plan()).actions).toEqual({});

    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
    expect(Object.keys(destination.counts())).toContain("DELETE manifest");
  });
});

/** What was asked about manifests, and how often. */
function manifestsAsked(counts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counts).filter(([kind]) => kind.endsWith(" manifest")));
}

/** Requests that a list of so many tags takes. */
function pages(tags: number): number {
  return Math.ceil(tags / 1000);
}
