import { expect } from "vitest";
import { digestOfTag, pushTo, setStage } from "../acceptance/stage.ts";
import { buildImage } from "../support/images/index.ts";
import type { Handler } from "./handler.ts";
import { substitute } from "./newcomer.ts";

/** The data source as memory between plan and apply, as docs/guides/how-it-works.md recommends it. */
export const pinnedCreateHandler: Handler = {
  proves: "with the digest from the data source a create lands what was planned although the tag has moved",
  blocks: ["docs/guides/how-it-works.md > What the plan shows is what lands, or nothing does > 1"],
  needs: ["terraform"],
  async run([block]) {
    const { source, destination, workspace, config } = await setStage();
    const planned = buildImage({ seed: "planned", layers: [1000] });
    const later = buildImage({ seed: "later", layers: [1000] });
    await pushTo(source, "team/app", "1", planned);
    const places = { "localhost:5000": source.host, "localhost:5001": destination.host };
    await workspace.write(config(substitute(block?.text ?? "", places)));
    const plan = await workspace.plan();
    expect(plan.after("imagesync.app")).toMatchObject({ id: `${destination.host}/mirror/app@${planned.digest}` });
    await pushTo(source, "team/app", "1", later);
    await workspace.apply(plan);
    expect(await digestOfTag(destination, "mirror/app", "1")).toBe(planned.digest);
    // The next plan follows the tag, as the data source is asked again.
    const next = await workspace.plan();
    expect(next.actions).toEqual({ "imagesync.app": "update" });
    expect(next.after("imagesync.app")).toMatchObject({ source_digest: later.digest });
  },
};
