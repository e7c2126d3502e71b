import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRedactor } from "../../engine/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { buildImage } from "../support/images/index.ts";
import { expectNothingToDo, providerAddress, terraformProgram } from "../support/terraform/index.ts";
import { stateFile } from "./foreign-states.ts";
import { repository } from "./repositories.ts";
import { mirror, patient, pushTo, setStage } from "./stage.ts";

/** One file for each schema version that a state in the world can have: `TYPE.VERSION.json`, its attributes. */
const directory = join(import.meta.dirname, "released-states");
const released = readdirSync(directory).map((file) => {
  const [type = "", version = ""] = file.split(".");
  return { file, type, version: Number(version) };
});

/** The first version of each type that anybody has had. */
const firstVersions: Readonly<Record<string, number>> = { imagesync: 1, imagesync_repository: 0 };

const image = buildImage({ seed: "released", layers: [1000] });

test("there is a state of each schema version of each resource", () => {
  const { resources } = createProvider({ version: "0.0.0", environment: {}, redactor: createRedactor() });
  const wanted = Object.entries(resources).flatMap(([type, { schema }]) => {
    const first = firstVersions[type] ?? 0;
    return Array.from({ length: schema.version - first + 1 }, (_, step) => `${type}.${first + step}.json`);
  });
  expect(released.map(({ file }) => file).toSorted()).toEqual(wanted.toSorted());
});

describe.skipIf(terraformProgram === undefined)("a state as it was released", patient, () => {
  test.each(released)(
    "of $type in schema version $version plans no change, and is destroyed",
    async ({ file, type, version }) => {
      const { workspace, config, source, destination } = await setStage();
      await pushTo(source, "team/app", "1.0", image);
      await pushTo(destination, "mirror/app", "1.0", image);
      const written = readFileSync(join(directory, file), "utf8")
        .replaceAll("SOURCE", source.host)
        .replaceAll("DESTINATION", destination.host)
        .replaceAll("DIGEST", image.digest);
      const attributes = JSON.parse(written) as Readonly<Record<string, unknown>>;
      await writeFile(
        workspace.path("terraform.tfstate"),
        stateFile({ x: { provider: providerAddress, type, version, attributes } }),
      );
      const ends = { source: String(attributes["source"]), destination: String(attributes["destination"]) };
      await workspace.write(config(type === "imagesync" ? mirror(ends) : repository(ends)));
      const plan = await workspace.plan();
      expect(plan.actions).toEqual({});
      await workspace.apply(undefined, ["-refresh-only"]);
      await expectNothingToDo(workspace);
      await workspace.destroy();
      expect(destination.requests.filter(({ method }) => method === "DELETE").length).toBeGreaterThan(0);
    },
  );
});
