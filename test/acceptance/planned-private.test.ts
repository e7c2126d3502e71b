import { describe, expect, test } from "vitest";
import { buildImage, fetchTree, push, treeOf } from "../support/images/index.ts";
import { configured, startNewTerraform } from "./new-terraform.ts";
import { imageOf } from "./repositories.ts";
import { digestOfTag, openRegistry, pushTo } from "./stage.ts";

describe("a create under a Terraform that keeps the plan's private bytes", () => {
  test("brings exactly the planned digest although the tag has moved before the second plan and the apply", async () => {
    const [source, destination] = [await openRegistry(), await openRegistry()];
    const shown = buildImage({ seed: "shown in the plan", layers: [4000] });
    const later = buildImage({ seed: "pushed later", layers: [5000] });
    const upstream = { host: source.host, repository: "team/app", tag: "1.0" };
    await push(shown, upstream);
    const config = configured("imagesync", {
      source: `${source.host}/team/app:1.0`,
      destination: `${destination.host}/mirror/app:1.0`,
    });

    const hosts = [source.host, destination.host];
    const first = await (await startNewTerraform("imagesync", hosts)).plan(config);
    expect(first.planned["id"]).toBe(`${destination.host}/mirror/app@${shown.digest}`);
    await push(later, upstream);

    // Another process, as in the real thing. Without the memory it answers with what the tag holds now.
    const second = await startNewTerraform("imagesync", hosts);
    expect((await second.plan(config)).planned["source_digest"]).toBe(later.digest);
    const again = await second.plan(config, first.private);
    expect(again.planned).toEqual(first.planned);

    const state = await second.apply(config, again);
    expect(state).toMatchObject({ id: first.planned["id"], source_digest: shown.digest, complete: true });
    expect(await fetchTree({ host: destination.host }, "mirror/app", "1.0")).toEqual(treeOf(shown));
  });

  test.each([
    ["keeps what the plan has found at the destination", "1.0", "found"],
    ["fails where something has come to the destination since the plan", "2.0", /has come there since the plan/],
  ] as const)("%s, and overwrites nothing with on_conflict = keep", async (_name, tag, outcome) => {
    const [source, destination] = [await openRegistry(), await openRegistry()];
    const image = buildImage({ seed: "of the source", layers: [1000] });
    const found = buildImage({ seed: "found", layers: [1100] });
    const later = buildImage({ seed: "later", layers: [1200] });
    await pushTo(source, "team/app", "1.0", image);
    await pushTo(destination, "mirror/app", "1.0", found);
    const config = configured("imagesync", {
      source: `${source.host}/team/app:1.0`,
      destination: `${destination.host}/mirror/app:${tag}`,
      on_conflict: "keep",
    });
    const hosts = [source.host, destination.host];
    const first = await (await startNewTerraform("imagesync", hosts)).plan(config);
    const { digest } = outcome === "found" ? found : image;
    expect(first.planned["id"]).toBe(`${destination.host}/mirror/app@${digest}`);
    await pushTo(destination, "mirror/app", tag, later);
    const second = await startNewTerraform("imagesync", hosts);
    const again = await second.plan(config, first.private);
    expect(again.planned).toEqual(first.planned);
    const applied = second.apply(config, again).then(
      ({ id }) => (id === first.planned["id"] ? "found" : "something else"),
      (error: unknown) => String(error),
    );
    expect(await applied).toMatch(outcome);
    expect(await digestOfTag(destination, "mirror/app", tag)).toBe(later.digest);
  });

  test("shows the tags of a repository at plan, and brings exactly these although others have come and gone", async () => {
    const [source, destination] = [await openRegistry(), await openRegistry()];
    for (const tag of ["1.0", "edge"]) await pushTo(source, "team/app", tag, imageOf(tag));
    const reference = `${destination.host}/mirror/app`;
    const config = configured("imagesync_repository", { source: `${source.host}/team/app`, destination: reference });
    const hosts = [source.host, destination.host];
    const first = await (await startNewTerraform("imagesync_repository", hosts)).plan(config);
    const shown = new Map(["1.0", "edge"].map((tag) => [tag, `${reference}@${imageOf(tag).digest}`]));
    expect(first.planned).toMatchObject({ id: reference, images: shown, highest: "1.0" });

    await pushTo(source, "team/app", "1.1", imageOf("1.1"));
    await pushTo(source, "team/app", "edge", imageOf("edge", "moved"));
    const second = await startNewTerraform("imagesync_repository", hosts);
    expect((await second.plan(config)).planned["highest"]).toBe("1.1");
    const again = await second.plan(config, first.private);
    expect(again.planned).toEqual(first.planned);
    expect((await second.apply(config, again))["images"]).toEqual(shown);
    expect(await digestOfTag(destination, "mirror/app", "edge")).toBe(imageOf("edge").digest);
    expect(await digestOfTag(destination, "mirror/app", "1.1")).toBeUndefined();
  });
});
