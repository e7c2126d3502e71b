import { describe, expect, test } from "vitest";
import { attachmentTag, buildCosignSignatures, buildReferrer } from "../support/images/companions.ts";
import { fetchTree, push, treeOf } from "../support/images/index.ts";
import { type Body, expectNothingToDo, nested, terraformProgram } from "../support/terraform/index.ts";
import { heldBy, tagsIn } from "./destinations.ts";
import { address, imageOf, setRepositoryStage } from "./repositories.ts";
import { deleteManifest, digestOfTag, openAttached, openWorkspaceFor, patient, pushTo } from "./stage.ts";

describe.skipIf(terraformProgram === undefined)("a setting of a repository that is changed", patient, () => {
  test.each<[string, Body]>([
    ["integrity_check", { integrity_check: "blobs" }],
    ["on_source_unavailable", { on_source_unavailable: "fail" }],
    ["on_conflict", { on_conflict: "fail" }],
    ["replace_tag", { replace_tag: false }],
    ["required_platforms", { required_platforms: ["linux/amd64"] }],
    ["referrers", { referrers: false }],
    ["deletion_policy", { deletion_policy: "untag" }],
    ["deletions", { deletions: nested({ max_share: 0.1, protect: ["1.*"] }) }],
    ["keep_previous", { keep_previous: 3 }],
    ["timeouts", { timeouts: nested({ create: "1h", update: "1h30m" }) }],
    ["triggers", { triggers: { version: "2" } }],
    ["a selection of the same tags", { mode: "semver" }],
  ])("%s: an update in place that moves nothing", async (_name, setting) => {
    const { workspace, want, destination, pinned } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    await want(setting);
    const plan = await workspace.plan();
    expect(plan.actions).toEqual({ [address]: "update" });
    destination.resetCounts();
    await workspace.apply(plan);
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
    const images = pinned({ "1.0": imageOf("1.0"), "1.1": imageOf("1.1") });
    expect((await workspace.state()).attributes(address)).toMatchObject({ images });
    await expectNothingToDo(workspace);
    await want();
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test.each([
    ["retain", ["1.0", "1.1"]],
    ["untag", []],
  ])("deletion_policy = %s decides about a destroy", async (policy, left) => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want({ deletion_policy: policy });
    await workspace.apply();
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual(left);
    expect(await digestOfTag(destination, "mirror/app", imageOf("1.0").digest)).toBe(imageOf("1.0").digest);
  });

  test.each(["overwrite", "keep", "fail"])(
    "a set that is tainted knows what it has put there, earlier digests too, with on_conflict = %s",
    async (on_conflict) => {
      const packaged = { packaged: true };
      const { workspace, want, publish, source, destination } = await setRepositoryStage(
        ["1.0", "1.1", "edge"],
        packaged,
      );
      await want({ on_conflict, deletions: nested({ max_share: 1 }) });
      await workspace.apply();
      const [moved, again] = [imageOf("edge", "moved"), imageOf("edge", "moved again")];
      await publish("edge", moved);
      await workspace.apply();
      await workspace.must(["taint", address]);
      await publish("edge", again);
      await deleteManifest(source, "team/app", "1.1");
      await workspace.apply(await workspace.plan());
      expect(await tagsIn(destination)).toEqual(["1.0", "edge", heldBy(moved, "edge")]);
      expect(await digestOfTag(destination, "mirror/app", "edge")).toBe(again.digest);
      await expectNothingToDo(workspace);
      await workspace.destroy();
      expect(await tagsIn(destination)).toEqual([]);
    },
  );

  test("a replacement that creates first, at the same place, leaves the new images there", async () => {
    const { workspace, want, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want({ lifecycle: nested({ create_before_destroy: true }) });
    await workspace.apply();
    const plan = await workspace.plan({ args: [`-replace=${address}`] });
    expect(plan.actions).toEqual({ [address]: "replace-keep" });
    await workspace.apply(plan);
    for (const tag of ["1.0", "1.1"]) {
      expect(await fetchTree(destination, "mirror/app", tag)).toEqual(treeOf(imageOf(tag)));
    }
    await expectNothingToDo(workspace);
    await workspace.destroy();
    expect(await tagsIn(destination)).toEqual([]);
  });
});

describe.skipIf(terraformProgram === undefined)("what belongs to the images of a repository", patient, () => {
  test("travels with them, goes with them, and stays behind where it is not wanted", async () => {
    for (const referrers of [true, false]) {
      const { workspace, want, source, destination } = await setRepositoryStage(["1.0"]);
      const image = imageOf("1.0");
      const signature = buildReferrer(image, "signature");
      const cosign = buildCosignSignatures(image, ["one"]);
      await push(signature, { ...source, repository: "team/app", tag: signature.digest });
      await pushTo(source, "team/app", attachmentTag(image, "sig"), cosign);
      await want({ referrers });
      await workspace.apply();
      expect(await digestOfTag(destination, "mirror/app", signature.digest)).toBe(
        referrers ? signature.digest : undefined,
      );
      expect(await tagsIn(destination)).toEqual(referrers ? ["1.0", attachmentTag(image, "sig")] : ["1.0"]);
      await expectNothingToDo(workspace);
      await workspace.destroy();
      expect(await tagsIn(destination)).toEqual([]);
      expect(await digestOfTag(destination, "mirror/app", signature.digest)).toBeUndefined();
    }
  });

  test("that could not be brought is a failure of its image, and the next apply brings it", async () => {
    const { workspace, want, source, destination } = await setRepositoryStage(["1.0", "1.1"]);
    await want();
    await workspace.apply();
    const image = imageOf("1.2");
    const signature = buildReferrer(image, "signature");
    await pushTo(source, "team/app", "1.2", image);
    await push(signature, { ...source, repository: "team/app", tag: signature.digest });
    destination.intercept = ({ method, kind, reference }) =>
      method === "PUT" && kind === "manifest" && reference === signature.digest
        ? { respond: { status: 403 } }
        : undefined;
    expect((await workspace.applyFails()).text).toMatch(/1 of 3 images not mirrored/);
    destination.intercept = undefined;
    expect((await workspace.plan()).actions).toEqual({ [address]: "update" });
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", signature.digest)).toBe(signature.digest);
    await expectNothingToDo(workspace);
  });
});

describe.skipIf(terraformProgram === undefined)("Ctrl-C in the middle of many images", patient, () => {
  test.each(["create", "update"])(
    "of %s: what has come is in the state or found in place, and the next apply brings the rest",
    async (verb) => {
      const { workspace, want, publish, destination, pinned } = await setRepositoryStage(["1.0"]);
      await want();
      if (verb === "update") {
        await workspace.apply();
        await publish("1.1");
        await publish("1.2");
      }
      const last = verb === "update" ? "1.2" : "1.0";
      let release = (): void => undefined;
      const until = new Promise<void>((resolve) => (release = resolve));
      const reached = new Promise<void>((resolve) => {
        destination.intercept = ({ method, kind, reference }) => {
          if (method !== "PUT" || kind !== "manifest" || reference !== last) return undefined;
          resolve();
          return { until };
        };
      });
      const apply = workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
      await reached;
      apply.interrupt();
      const result = await apply.done;
      release();
      destination.intercept = undefined;
      expect(result.code).toBe(1);
      expect(await digestOfTag(destination, "mirror/app", last)).toBeUndefined();
      await workspace.apply();
      const tags = verb === "update" ? ["1.0", "1.1", "1.2"] : ["1.0"];
      const images = pinned(Object.fromEntries(tags.map((tag) => [tag, imageOf(tag)])));
      expect((await workspace.state()).attributes(address)).toMatchObject({ images });
      await expectNothingToDo(workspace);
      await workspace.destroy();
      expect(await tagsIn(destination)).toEqual([]);
    },
  );
});

describe.skipIf(terraformProgram === undefined)("a password that a registry repeats", patient, () => {
  test("comes into no state and no message", async () => {
    const password = "correct-horse-battery";
    const { source, destination, config } = await setRepositoryStage(["1.0"], {});
    const workspace = await openWorkspaceFor(await openAttached());
    const login = `registry_auth {\n  address  = "${source.host}"\n  username = "me"\n  password = "${password}"\n}\n`;
    const resource = `resource "imagesync_repository" "x" {\n  source = "${source.host}/team/app"\n  destination = "${destination.host}/mirror/app"\n}\n`;
    await workspace.write(config(resource).replace('provider "imagesync" {', `provider "imagesync" {\n  ${login}`));
    await workspace.apply();
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: `not with ${password}` }] });
    source.intercept = ({ kind }) =>
      kind === "tags" || kind === "manifest" ? { respond: { status: 403, body } } : undefined;
    const { text } = await workspace.apply(undefined, ["-refresh-only"]);
    expect(text).toMatch(/not with \*+|not with \[|Source unavailable/);
    expect(text).not.toContain(password);
    const state = (await workspace.stateFile()) ?? "";
    const bytes = [...state.matchAll(/"private": "([^"]+)"/g)].map(([, found = ""]) => Buffer.from(found, "base64"));
    expect(bytes.length).toBe(1);
    expect(bytes.join()).toContain("imagesync_repository");
    expect(bytes.join()).not.toContain(password);
    expect(state).not.toContain(password);
    source.intercept = undefined;
    await expectNothingToDo(workspace);
  });
});
