import { expect, onTestFinished, test } from "vitest";
import { buildReferrer } from "../../support/images/companions.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { invoke } from "../invoke.ts";
import { openStage } from "./stage.ts";

test("each image is told under the name of its rule, also behind two tags of one signed image", async () => {
  const stage = await openStage();
  onTestFinished(() => stage.close());
  const { host } = stage.source;
  const signed = buildImage({ seed: "signed", layers: [500] });
  for (const tag of ["1", "2"]) await push(signed, { host, repository: "app", tag });
  await push(buildReferrer(signed, "bundle"), { host, repository: "app" });
  await stage.push("base", "3");
  const entries = [stage.image("app", "1"), stage.image("app", "2"), stage.image("base", "3")];
  const file = await stage.configure("images:", ...entries);
  const { code, stdout } = await invoke(["sync", "-c", file, "--output", "json"]);
  expect(code).toBe(0);
  const told = JSON.parse(stdout) as { images: { rule: string; subject?: string; destination: string }[] };
  const images = told.images.filter(({ subject }) => subject === undefined);
  expect(images).toHaveLength(3);
  for (const { rule, destination } of images) expect(destination).toBe(rule);
});
