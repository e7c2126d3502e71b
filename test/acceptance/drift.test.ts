import { describe, expect, test } from "vitest";
import { buildImage, buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import { expectNothingToDo, terraformProgram } from "../support/terraform/index.ts";
import {
  deleteManifest,
  digestOfTag,
  mirror,
  patient,
  pushTo,
  setStage,
  type Fault,
  type Intercept,
  type Stage,
  type StageOptions,
} from "./stage.ts";

const image = buildPlatformIndex({ seed: "drifting", layers: [3000, 2000] });
const foreign = buildImage({ seed: "foreign", layers: [1000] });

interface Applied extends Stage {
  readonly reference: string;
}

/** An image that is mirrored and true. */
async function applied(attributes: Record<string, string> = {}, options: StageOptions = {}): Promise<Applied> {
  const stage = await setStage(options);
  await pushTo(stage.source, "team/app", "1.0", image);
  const reference = `${stage.destination.host}/mirror/app`;
  await stage.workspace.write(
    stage.config(
      mirror({ source: `${stage.source.host}/team/app:1.0`, destination: `${reference}:1.0`, ...attributes }),
    ),
  );
  await stage.workspace.apply();
  return { ...stage, reference };
}

async function expectHealed({ workspace, destination }: Stage): Promise<void> {
  await workspace.apply();
  expect(await fetchTree(destination, "mirror/app", "1.0")).toEqual(treeOf(image));
  await expectNothingToDo(workspace);
}

describe.skipIf(terraformProgram === undefined)("what others do to the destination", patient, () => {
  test("a deleted tag is put back without moving a byte of a layer", async () => {
    const stage = await applied();
    await deleteManifest(stage.destination, "mirror/app", "1.0");
    const plan = await stage.workspace.plan();
    expect(plan.drifted).toEqual(["imagesync.x"]);
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.before("imagesync.x")).toMatchObject({ destination_digest: null, complete: false });
    expect(plan.after("imagesync.x")).toMatchObject({ id: `${stage.reference}@${image.digest}` });
    stage.destination.resetCounts();
    await expectHealed(stage);
    expect(stage.destination.counts()["PUT upload"]).toBeUndefined();
  });

  test("an image that is deleted by its digest is created again, with all that is missing", async () => {
    const stage = await applied();
    await deleteManifest(stage.destination, "mirror/app", image.digest);
    expect((await stage.workspace.plan()).actions).toEqual({ "imagesync.x": "create" });
    await expectHealed(stage);
  });

  test("a tag that points at something else is shown by destination_digest and put back", async () => {
    const stage = await applied();
    await pushTo(stage.destination, "mirror/app", "1.0", foreign);
    const plan = await stage.workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.before("imagesync.x")).toMatchObject({
      id: `${stage.reference}@${image.digest}`,
      destination_digest: foreign.digest,
    });
    expect(plan.after("imagesync.x")).toMatchObject({
      id: `${stage.reference}@${image.digest}`,
      destination_digest: image.digest,
    });
    stage.destination.resetCounts();
    await expectHealed(stage);
    expect(stage.destination.counts()["PUT upload"]).toBeUndefined();
  });

  test("a missing platform is shown by complete, and only it is brought back", async () => {
    const stage = await applied({}, { destination: { allowSparseIndex: true } });
    const lost = image.children[2];
    await deleteManifest(stage.destination, "mirror/app", lost?.digest ?? "");
    const plan = await stage.workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.before("imagesync.x")).toMatchObject({ complete: false, destination_digest: image.digest });
    expect(plan.after("imagesync.x")).toMatchObject({ complete: true });
    stage.destination.resetCounts();
    await expectHealed(stage);
    const put = stage.destination.requests.filter(({ method }) => method === "PUT").map(({ path }) => path);
    expect(put.filter((path) => path.includes("/blobs/"))).toEqual([]);
    expect(put.some((path) => path.includes(String(lost?.digest)))).toBe(true);
  });

  test('integrity_check = "tag" does not look below the tag, "blobs" finds a lost layer', async () => {
    const shallow = await applied({ integrity_check: "tag" });
    await deleteManifest(shallow.destination, "mirror/app", image.children[1]?.digest ?? "");
    await expectNothingToDo(shallow.workspace);

    const deep = await applied({ integrity_check: "blobs" });
    const layer = image.children[3]?.blobs[1]?.digest ?? "";
    deep.destination.intercept = ({ kind, reference }) =>
      kind === "blob" && reference === layer ? { respond: { status: 404 } } : undefined;
    const plan = await deep.workspace.plan();
    expect(plan.actions).toEqual({ "imagesync.x": "update" });
    expect(plan.before("imagesync.x")).toMatchObject({ complete: false });
    deep.destination.intercept = undefined;
    await expectNothingToDo(deep.workspace);
  });

  test("a refresh without changes writes nothing and changes nothing", async () => {
    const stage = await applied();
    const before = await stage.workspace.state();
    stage.destination.resetCounts();
    await stage.workspace.apply(undefined, ["-refresh-only"]);
    expect((await stage.workspace.state()).document.values).toEqual(before.document.values);
    expect(stage.destination.requests.every(({ method }) => method === "HEAD" || method === "GET")).toBe(true);
  });

  test("what is gone already is destroyed without complaint", async () => {
    const stage = await applied();
    await deleteManifest(stage.destination, "mirror/app", "1.0");
    await stage.workspace.destroy();
    expect((await stage.workspace.state()).addresses).toEqual([]);
    const raced = await applied();
    const plan = await raced.workspace.plan({ args: ["-destroy"] });
    await deleteManifest(raced.destination, "mirror/app", "1.0");
    await raced.workspace.apply(plan);
    expect((await raced.workspace.state()).addresses).toEqual([]);
  });

  test("a tag that somebody else has overwritten is not destroyed, and a warning says so", async () => {
    const stage = await applied();
    await pushTo(stage.destination, "mirror/app", "1.0", foreign);
    const result = await stage.workspace.destroy();
    expect(result.text).toContain("Tag kept");
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(foreign.digest);
  });

  test("another tag of the same digest survives the destroy", async () => {
    const stage = await applied();
    await pushTo(stage.destination, "mirror/app", "sibling", image);
    await stage.workspace.destroy();
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBeUndefined();
    expect(await fetchTree(stage.destination, "mirror/app", "sibling")).toEqual(treeOf(image));
  });
});

const manifestsOf =
  (fault: Fault): Intercept =>
  ({ kind, method }) =>
    kind === "manifest" && (method === "HEAD" || method === "GET") ? fault : undefined;

const noRetry = { "Retry-After": "0" };

describe.skipIf(terraformProgram === undefined)("an answer that does not say that the image is gone", patient, () => {
  test.each<[string, Fault, RegExp]>([
    ["401", { respond: { status: 401 } }, /Not logged in|Access denied/],
    ["403", { respond: { status: 403 } }, /Access denied/],
    ["429", { respond: { status: 429, headers: noRetry } }, /Rate limit reached/],
    ["500", { respond: { status: 500, headers: noRetry } }, /Registry unavailable/],
    ["503", { respond: { status: 503, headers: noRetry } }, /Registry unavailable/],
    [
      "a page of a proxy",
      { respond: { status: 200, headers: { "Content-Type": "text/html" }, body: "<html>" } },
      /Invalid manifest.*not JSON/,
    ],
  ])("%s: the refresh fails, the state is kept", async (_name, fault, words) => {
    const stage = await applied();
    stage.destination.intercept = manifestsOf(fault);
    const failed = await stage.workspace.planFails();
    expect(failed.text).toMatch(words);
    expect((await stage.workspace.applyFails()).text).toMatch(words);
    stage.destination.intercept = undefined;
    expect((await stage.workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: `${stage.reference}@${image.digest}`,
    });
    await expectNothingToDo(stage.workspace);
  });

  test("a registry that is down: the refresh fails, the state is kept, and the destroy too", async () => {
    const stage = await applied();
    await stage.destination.close();
    expect((await stage.workspace.planFails()).text).toMatch(/Registry unavailable.*127\.0\.0\.1/);
    expect((await stage.workspace.fails(["destroy", "-auto-approve", "-no-color", "-refresh=false"])).text).toMatch(
      /Registry unavailable/,
    );
    expect((await stage.workspace.state()).has("imagesync.x")).toBe(true);
  });

  test.each([403, 500])("a destroy that is answered %i fails and keeps the object in the state", async (status) => {
    const stage = await applied();
    stage.destination.intercept = ({ method }) =>
      method === "DELETE" ? { respond: { status, headers: noRetry } } : undefined;
    await stage.workspace.fails(["destroy", "-auto-approve", "-no-color"]);
    expect((await stage.workspace.state()).has("imagesync.x")).toBe(true);
    stage.destination.intercept = undefined;
    await expectNothingToDo(stage.workspace);
    await stage.workspace.destroy();
  });

  test("a create that is refused leaves nothing in the state and no tag", async () => {
    const stage = await setStage();
    await pushTo(stage.source, "team/app", "1.0", image);
    stage.destination.intercept = ({ method, kind }) =>
      method === "PUT" && kind === "manifest"
        ? { respond: { status: 403, body: '{"errors":[{"code":"DENIED","message":"no writing today"}]}' } }
        : undefined;
    await stage.workspace.write(
      stage.config(
        mirror({
          source: `${stage.source.host}/team/app:1.0`,
          destination: `${stage.destination.host}/mirror/app:1.0`,
        }),
      ),
    );
    const failed = await stage.workspace.applyFails();
    expect(failed.text).toMatch(/Access denied.*no writing today/);
    expect((await stage.workspace.state()).addresses).toEqual([]);
    stage.destination.intercept = undefined;
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBeUndefined();
    await stage.workspace.apply();
    await expectNothingToDo(stage.workspace);
  });

  test("an update that fails half-way keeps the former digest in the state and at the tag", async () => {
    const stage = await applied();
    const next = buildPlatformIndex({ seed: "next", layers: [2500] });
    await pushTo(stage.source, "team/app", "1.0", next);
    stage.destination.intercept = ({ method, kind, reference }) =>
      method === "PUT" && kind === "manifest" && reference === "1.0" ? { respond: { status: 403 } } : undefined;
    await stage.workspace.applyFails();
    stage.destination.intercept = undefined;
    expect((await stage.workspace.state()).attributes("imagesync.x")).toMatchObject({
      id: `${stage.reference}@${image.digest}`,
      source_digest: image.digest,
    });
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(image.digest);
    expect((await stage.workspace.plan()).actions).toEqual({ "imagesync.x": "update" });
    await stage.workspace.apply();
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(next.digest);
  });
});
