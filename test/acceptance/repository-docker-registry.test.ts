import { describe, expect, test } from "vitest";
import { nested, expectNothingToDo } from "../support/terraform/index.ts";
import { destinations, expectTags, heldBy, isProgramMissing, setScene } from "./destinations.ts";
import { around, changedImages, imageOf } from "./repositories.ts";
import { deleteManifest, patient, pushTo } from "./stage.ts";

describe.skipIf(isProgramMissing).each(destinations)("a repository at %s", patient, (_name, open) => {
  test("lives from the create to the destroy, and its neighbours live on", async () => {
    const scene = await setScene(open);
    const { workspace, want, publish, source, destination } = around(scene, scene.source.host, scene.destination.host);
    for (const tag of ["1.0", "1.1", "edge"]) await publish(tag);
    await pushTo(destination, "mirror/app", "neighbour", imageOf("1.0"));
    await want({ deletions: nested({}) });
    await workspace.apply();
    await expectNothingToDo(workspace);

    await publish("1.2");
    await publish("edge", imageOf("edge", "moved"));
    await deleteManifest(source, "team/app", "1.1");
    const plan = await workspace.plan();
    expect(Object.keys(changedImages(plan)).toSorted()).toEqual(["1.1", "1.2", "edge"]);
    await workspace.apply(plan);
    await expectTags(destination, {
      "1.0": imageOf("1.0"),
      "1.2": imageOf("1.2"),
      edge: imageOf("edge", "moved"),
      [heldBy(imageOf("edge"), "edge")]: imageOf("edge"),
      neighbour: imageOf("1.0"),
    });
    await expectNothingToDo(workspace);

    await workspace.destroy();
    await expectTags(destination, { neighbour: imageOf("1.0") });
  });
});
