import { describe, expect, test } from "vitest";
import { buildImage } from "../support/images/index.ts";
import { type Body, expectNothingToDo, nested, terraformProgram } from "../support/terraform/index.ts";
import { digestOfTag, mirror, patient, pushTo, setStage, type Stage } from "./stage.ts";

const image = buildImage({ seed: "timeouts", layers: [2000, 3000] });
const next = buildImage({ seed: "timeouts, next", layers: [2500] });

interface Prepared extends Stage {
  /** The destination answers no request of this method until the function that is returned is called. */
  readonly stall: (method: string) => () => void;
  /** Gives every verb all the time: the rest of a test must not depend on how busy the machine is. */
  readonly relax: () => Promise<void>;
}

/** A short deadline for one verb; the others have all the time. */
async function prepared(verb: string): Promise<Prepared> {
  const stage = await setStage();
  await pushTo(stage.source, "team/app", "1.0", image);
  const main = (timeouts: Body): string =>
    stage.config(
      mirror({
        source: `${stage.source.host}/team/app:1.0`,
        destination: `${stage.destination.host}/mirror/app:1.0`,
        timeouts: nested(timeouts),
      }),
    );
  await stage.workspace.write(main({ [verb]: "2s" }));
  return {
    ...stage,
    stall(method) {
      let release = (): void => undefined;
      const until = new Promise<void>((resolve) => (release = resolve));
      stage.destination.intercept = (request) => (request.method === method ? { until } : undefined);
      return () => {
        stage.destination.intercept = undefined;
        release();
      };
    },
    relax: () => stage.workspace.write(main({})),
  };
}

describe.skipIf(terraformProgram === undefined)("an operation that does not end in its time", patient, () => {
  test("create: it is stopped, nothing is in the state, and the next apply completes", async () => {
    const { workspace, destination, stall, relax } = await prepared("create");
    const release = stall("PUT");
    expect((await workspace.applyFails()).text).toMatch(/Timed out/);
    release();
    expect((await workspace.state()).has("imagesync.x")).toBe(false);
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBeUndefined();
    await relax();
    await workspace.apply();
    await expectNothingToDo(workspace);
  });

  test("update: it is stopped, state and tag stay as they were, and the next apply completes", async () => {
    const { workspace, source, destination, stall, relax } = await prepared("update");
    await workspace.apply();
    await pushTo(source, "team/app", "1.0", next);
    const release = stall("PUT");
    expect((await workspace.applyFails()).text).toMatch(/Timed out/);
    release();
    expect((await workspace.state()).attributes("imagesync.x")).toMatchObject({ source_digest: image.digest });
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(image.digest);
    await relax();
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(next.digest);
    await expectNothingToDo(workspace);
  });

  test("delete: it is stopped, the state keeps the object, and the next destroy completes", async () => {
    const { workspace, destination, stall, relax } = await prepared("delete");
    await workspace.apply();
    const release = stall("DELETE");
    const failed = await workspace.fails(["destroy", "-auto-approve", "-no-color", "-input=false"]);
    expect(failed.text).toMatch(/Timed out/);
    release();
    expect((await workspace.state()).has("imagesync.x")).toBe(true);
    await relax();
    await workspace.apply();
    await workspace.destroy();
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBeUndefined();
  });

  test("read: it is stopped, and the state is kept", async () => {
    const { workspace, stall, relax } = await prepared("read");
    await workspace.apply();
    const release = stall("HEAD");
    expect((await workspace.planFails()).text).toMatch(/Timed out/);
    release();
    await relax();
    await workspace.apply(undefined, ["-refresh=false"]);
    await expectNothingToDo(workspace);
  });
});
