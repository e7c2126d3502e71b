import { describe, expect, test } from "vitest";
import { buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import {
  block,
  childrenOf,
  expectNothingToDo,
  expression,
  isRunning,
  terraformProgram,
} from "../support/terraform/index.ts";
import { digestOfTag, type Intercept, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const image = buildPlatformIndex({ seed: "interrupted", layers: [40_000, 30_000], shared: 20_000 });
const next = buildPlatformIndex({ seed: "interrupted, next", layers: [50_000], shared: 20_000 });

async function prepared(packaged: boolean): Promise<Stage & { readonly reference: string }> {
  const stage = await setStage({ packaged });
  await pushTo(stage.source, "team/app", "1.0", image);
  const reference = `${stage.destination.host}/mirror/app`;
  await stage.workspace.write(
    stage.config(mirror({ source: `${stage.source.host}/team/app:1.0`, destination: `${reference}:1.0` })),
  );
  return { ...stage, reference };
}

/** Resolves when the destination is asked for the first time by that method and of that kind; holds the request then. */
function heldAt(
  stage: Stage,
  method: string,
  kind: string,
): { readonly reached: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => {
    const intercept: Intercept = (request) => {
      if (request.method !== method || request.kind !== kind) return undefined;
      resolve();
      return { until };
    };
    stage.destination.intercept = intercept;
  });
  return {
    reached,
    release: () => {
      stage.destination.intercept = undefined;
      release();
    },
  };
}

const moments = [
  ["POST", "upload"],
  ["PUT", "upload"],
  ["PUT", "manifest"],
] as const;

async function expectCompleted({ workspace, destination }: Stage, wanted: typeof image): Promise<void> {
  await workspace.apply();
  expect(await fetchTree(destination, "mirror/app", "1.0")).toEqual(treeOf(wanted));
  await expectNothingToDo(workspace);
  await workspace.destroy();
  expect(await digestOfTag(destination, "mirror/app", "1.0")).toBeUndefined();
}

describe.skipIf(terraformProgram === undefined)("Ctrl-C in the middle of an apply", patient, () => {
  describe.each([
    ["the provider of the source tree", false],
    ["the packaged provider", true],
  ])("%s", (_name, packaged) => {
    test.each(moments)(
      "of a create, at %s %s: terraform returns, and the next apply completes",
      async (method, kind) => {
        const stage = await prepared(packaged);
        const held = heldAt(stage, method, kind);
        const apply = stage.workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
        await held.reached;
        apply.interrupt();
        // The request is held until terraform has returned: it is the signal that ends the apply and nothing else.
        const result = await apply.done;
        held.release();
        expect(result.code).toBe(1);
        expect(result.text).toMatch(/Interrupted|cancelled/i);
        expect((await stage.workspace.state()).tainted).toEqual([]);
        expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBeUndefined();
        await expectCompleted(stage, image);
      },
    );

    test("of an update: the former image stays in place, and the next apply completes", async () => {
      const stage = await prepared(packaged);
      await stage.workspace.apply();
      await pushTo(stage.source, "team/app", "1.0", next);
      const held = heldAt(stage, "PUT", "upload");
      const apply = stage.workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
      await held.reached;
      apply.interrupt();
      const result = await apply.done;
      held.release();
      expect(result.code).toBe(1);
      expect((await stage.workspace.state()).attributes("imagesync.x")).toMatchObject({
        id: `${stage.reference}@${image.digest}`,
      });
      expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBe(image.digest);
      await expectCompleted(stage, next);
    });

    test("what was done before it is in the state and is not done again", async () => {
      const stage = await prepared(packaged);
      await stage.workspace.write(
        stage.config(
          mirror({ source: `${stage.source.host}/team/app:1.0`, destination: `${stage.reference}:done` }, "done"),
          mirror(
            {
              source: `${stage.source.host}/team/app:1.0`,
              destination: `${stage.reference}:1.0`,
              depends_on: [expression("imagesync.done")],
            },
            "x",
          ),
          block('output "done"', { value: expression("imagesync.done.id") }),
        ),
      );
      const reached = new Promise<void>((resolve) => {
        stage.destination.intercept = ({ method, reference }) => {
          if (method !== "PUT" || reference !== "1.0") return undefined;
          resolve();
          return { until: new Promise(() => undefined) };
        };
      });
      const apply = stage.workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
      await reached;
      apply.interrupt();
      expect((await apply.done).code).toBe(1);
      stage.destination.intercept = undefined;
      expect((await stage.workspace.state()).addresses).toEqual(["imagesync.done"]);
      expect((await stage.workspace.plan()).actions).toEqual({ "imagesync.x": "create" });
      await expectCompleted(stage, image);
    });
  });

  test("in the middle of a plan: terraform returns and nothing has changed", async () => {
    const stage = await prepared(true);
    await stage.workspace.apply();
    const held = heldAt(stage, "HEAD", "manifest");
    const plan = stage.workspace.start(["plan", "-no-color", "-input=false"]);
    await held.reached;
    plan.interrupt();
    expect((await plan.done).code).toBe(1);
    held.release();
    await expectNothingToDo(stage.workspace);
  });
});

describe.skipIf(terraformProgram === undefined)("kill -9 of the provider in the middle of an apply", patient, () => {
  test.each(moments)("at %s %s: the next apply completes", async (method, kind) => {
    const stage = await prepared(true);
    const held = heldAt(stage, method, kind);
    const apply = stage.workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
    await held.reached;
    const providers = childrenOf(apply.pid);
    expect(providers.length).toBe(1);
    for (const pid of providers) process.kill(pid, "SIGKILL");
    const result = await apply.done;
    held.release();
    expect(result.code).toBe(1);
    expect(await digestOfTag(stage.destination, "mirror/app", "1.0")).toBeUndefined();
    await expectCompleted(stage, image);
  });

  test("of an update: the former image stays whole, and the next apply completes", async () => {
    const stage = await prepared(true);
    await stage.workspace.apply();
    await pushTo(stage.source, "team/app", "1.0", next);
    const held = heldAt(stage, "PUT", "manifest");
    const apply = stage.workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
    await held.reached;
    for (const pid of childrenOf(apply.pid)) process.kill(pid, "SIGKILL");
    expect((await apply.done).code).toBe(1);
    held.release();
    expect(await fetchTree(stage.destination, "mirror/app", "1.0")).toEqual(treeOf(image));
    await expectCompleted(stage, next);
  });

  test("of terraform itself: the provider ends too, and the next apply completes", async () => {
    const stage = await prepared(true);
    const held = heldAt(stage, "PUT", "upload");
    const apply = stage.workspace.start(["apply", "-auto-approve", "-no-color", "-input=false"]);
    await held.reached;
    const [provider = 0] = childrenOf(apply.pid);
    process.kill(apply.pid, "SIGKILL");
    await apply.done;
    held.release();
    await expect.poll(() => isRunning(provider), { timeout: 60_000, interval: 100 }).toBe(false);
    await expectCompleted(stage, image);
  });
});
