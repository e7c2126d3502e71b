import { describe, expect, test } from "vitest";
import { buildImage } from "../support/images/index.ts";
import {
  block,
  type Body,
  expectNothingToDo,
  expression,
  knownAfterApply,
  terraformProgram,
} from "../support/terraform/index.ts";
import { mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const images = new Map(
  ["1.9.0", "1.10.0", "v1.11.0", "2.0.0-rc.1", "1.10.0-alpine", "latest"].map((tag) => [
    tag,
    buildImage({ seed: `tags, ${tag}`, layers: [500] }),
  ]),
);

/** A source with a repository of these tags, and tags that belong to images or are ours. */
async function prepared(): Promise<Stage & { readonly repository: string }> {
  const stage = await setStage();
  for (const [tag, image] of images) await pushTo(stage.source, "team/app", tag, image);
  const belonging = buildImage({ seed: "tags, signature", layers: [100] });
  await pushTo(stage.source, "team/app", `sha256-${"a".repeat(64)}.sig`, belonging);
  await pushTo(stage.source, "team/app", `imagesync-previous.${"b".repeat(32)}.latest`, belonging);
  return { ...stage, repository: `${stage.source.host}/team/app` };
}

function tags(body: Body, name = "x"): string {
  return block(`data "imagesync_tags" "${name}"`, body);
}

describe.skipIf(terraformProgram === undefined)("data.imagesync_tags", patient, () => {
  test.each<[string, Body, readonly string[], string | null]>([
    [
      "every tag, in alphabetical order",
      {},
      ["1.10.0", "1.10.0-alpine", "1.9.0", "2.0.0-rc.1", "latest", "v1.11.0"],
      "v1.11.0",
    ],
    ["the highest", { mode: "highest" }, ["v1.11.0"], "v1.11.0"],
    ["versions, the lowest first", { mode: "semver" }, ["1.9.0", "1.10.0", "v1.11.0"], "v1.11.0"],
    ["prereleases too", { mode: "highest", allow_prerelease: true }, ["2.0.0-rc.1"], "2.0.0-rc.1"],
    ["a flavour", { mode: "semver", compatibility: "alpine" }, ["1.10.0-alpine"], "1.10.0-alpine"],
    ["a range", { mode: "semver", range: "<1.11" }, ["1.9.0", "1.10.0"], "1.10.0"],
    ["globs", { include: ["1.*", "l*"], exclude: ["*-alpine"] }, ["1.10.0", "1.9.0", "latest"], "1.10.0"],
    ["expressions", { include_regex: ["[a-z]+"] }, ["latest"], null],
    ["the latest", { mode: "semver", keep_latest: 2 }, ["1.10.0", "v1.11.0"], "v1.11.0"],
    ["nothing", { pinned_major: 7 }, [], null],
  ])("selects %s", async (_name, selection, expected, highest) => {
    const { workspace, config, repository, source } = await prepared();
    await workspace.write(config(tags({ repository, ...selection })));
    source.resetCounts();
    await workspace.apply();
    expect((await workspace.state()).attributes("data.imagesync_tags.x")).toMatchObject({
      tags: expected,
      highest,
      digests: null,
    });
    // One list in the plan; what the plan has read is not read again.
    expect(source.requests.map(({ path }) => path.replace(/\?.*/, ""))).toEqual(["/v2/team/app/tags/list"]);
  });

  test("tells the digest of each tag where that is wanted, by one HEAD each", async () => {
    const { workspace, config, repository, source } = await prepared();
    await workspace.write(config(tags({ repository, mode: "semver", resolve_digests: true })));
    source.resetCounts();
    await workspace.apply();
    expect((await workspace.state()).attributes("data.imagesync_tags.x")).toMatchObject({
      tags: ["1.9.0", "1.10.0", "v1.11.0"],
      digests: Object.fromEntries(["1.9.0", "1.10.0", "v1.11.0"].map((tag) => [tag, images.get(tag)?.digest])),
    });
    expect(source.requests.map(({ method }) => method).toSorted()).toEqual(["GET", "HEAD", "HEAD", "HEAD"]);
  });

  test("gives for_each what to mirror, pinned to what the plan has shown", async () => {
    const { workspace, config, repository, source, destination } = await prepared();
    await workspace.write(
      config(
        tags({ repository, mode: "semver", resolve_digests: true }),
        mirror({
          for_each: expression("data.imagesync_tags.x.digests"),
          source: expression(`"${repository}:\${each.key}"`),
          source_digest: expression("each.value"),
          destination: expression(`"${destination.host}/mirror/app:\${each.key}"`),
        }),
      ),
    );
    const plan = await workspace.plan();
    await pushTo(source, "team/app", "1.9.0", buildImage({ seed: "tags, moved", layers: [600] }));
    await workspace.apply(plan);
    const state = await workspace.state();
    expect(state.attributes('imagesync.x["1.9.0"]')["id"]).toBe(
      `${destination.host}/mirror/app@${images.get("1.9.0")?.digest}`,
    );
    expect((await workspace.plan()).actions).toEqual({ 'imagesync.x["1.9.0"]': "update" });
  });

  test("leaves out a tag that the registry lists and does not have, and says so", async () => {
    const { workspace, config, repository, source } = await prepared();
    source.intercept = ({ reference }) => (reference === "v1.11.0" ? { respond: { status: 404 } } : undefined);
    await workspace.write(config(tags({ repository, mode: "semver", resolve_digests: true })));
    const { text } = await workspace.apply();
    expect(text).toContain("Tag without an image");
    expect((await workspace.state()).attributes("data.imagesync_tags.x")).toMatchObject({
      tags: ["1.9.0", "1.10.0"],
      highest: "1.10.0",
    });
  });

  test("fails when a tag cannot be asked for, and when the repository is not there", async () => {
    const { workspace, config, repository, source } = await prepared();
    source.intercept = ({ reference }) => (reference === "1.9.0" ? { respond: { status: 403 } } : undefined);
    await workspace.write(config(tags({ repository, mode: "semver", resolve_digests: true })));
    expect((await workspace.planFails()).text).toMatch(/Access denied.*1\.9\.0/);
    source.intercept = undefined;
    await workspace.write(config(tags({ repository: `${source.host}/no/such` })));
    expect((await workspace.planFails()).text).toMatch(/no\/such/);
  });

  test("knows no destination that a tag could be above", async () => {
    const { workspace, config, repository } = await prepared();
    await workspace.write(config(tags({ repository, mode: "higher" })));
    const findings = await workspace.validate();
    expect(findings).toMatchObject([{ severity: "error", summary: "Invalid mode", line: `mode = "higher"` }]);
    expect(findings[0]?.detail).toContain('Write "highest", "semver" or "all"');
  });

  test("waits for a repository that is not known yet", async () => {
    const { workspace, config, repository } = await prepared();
    const later = block('resource "terraform_data" "later"', { input: repository });
    await workspace.write(config(later, tags({ repository: expression("terraform_data.later.output") })));
    const plan = await workspace.plan();
    expect(plan.after("data.imagesync_tags.x")["tags"]).toBe(knownAfterApply);
    await workspace.apply(plan);
    expect((await workspace.state()).attributes("data.imagesync_tags.x")["highest"]).toBe("v1.11.0");
    await expectNothingToDo(workspace);
  });
});
