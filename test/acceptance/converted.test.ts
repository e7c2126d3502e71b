import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { convertText } from "../../cli/convert/convert-text.ts";
import { hclText } from "../../cli/convert/hcl.ts";
import { root } from "../docs/markdown.ts";
import { expectNothingToDo, terraformProgram } from "../support/terraform/index.ts";
import { imageOf } from "./repositories.ts";
import { digestOfTag, openAttached, openWorkspaceFor, patient, pushTo, setStage } from "./stage.ts";

const folder = join(root, "test/golden/config/converted");
const files = readdirSync(folder).filter((name) => name.endsWith(".tf"));

describe.skipIf(terraformProgram === undefined)("a converted configuration", patient, () => {
  test.each(files)("%s is valid, and formatted as terraform fmt would", async (file) => {
    const workspace = await openWorkspaceFor(await openAttached());
    // Files of secrets are read when a configuration is validated.
    await writeFile(workspace.path("secret"), "s3cret\n");
    const text = readFileSync(join(folder, file), "utf8").replace(/file\("[^"]*"\)/g, 'file("secret")');
    await workspace.write(text);
    expect(await workspace.validate()).toEqual([]);
    const formatted = await workspace.run(["fmt", "-check", "-diff", "-no-color"]);
    expect(formatted).toMatchObject({ code: 0, stdout: "" });
  });

  test("means to Terraform what the texts in it say", async () => {
    const workspace = await openWorkspaceFor(await openAttached());
    const texts = [
      "${a}",
      "%{ if x }",
      "$${a}",
      "$$$",
      'a"b\\n',
      "line\nbreak\ttab",
      "\u001b[31m\u202e",
      "🐋\u{e0001}",
    ];
    const outputs = texts.map((text, index) => `output "o${index}" {\n  value = ${hclText(text)}\n}\n`);
    await workspace.write(outputs.join("\n"));
    await workspace.apply();
    const { stdout } = await workspace.must(["output", "-json"]);
    const values = JSON.parse(stdout) as Record<string, { readonly value: string }>;
    expect(texts.map((_, index) => values[`o${index}`]?.value)).toEqual(texts);
  });

  test("copies what the file it was made from names", async () => {
    const { source, destination, workspace } = await setStage();
    const image = imageOf("1.2");
    for (const tag of ["1.1", "1.2", "edge"])
      await pushTo(source, "team/app", tag, tag === "1.2" ? image : imageOf(tag));
    const ours = `version: 1
registries:
  - { address: "${source.host}", plain_http: true }
  - { address: "${destination.host}", plain_http: true }
images:
  - { source: "${source.host}/team/app:edge", destination: "${destination.host}/mirror/edge:1" }
repositories:
  - { source: "${source.host}/team/app", destination: "${destination.host}/mirror/app", mode: highest }
`;
    await workspace.write(convertText("imagesync.yaml", ours, { to: "terraform" }).text);
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", "1.2")).toBe(image.digest);
    expect(await digestOfTag(destination, "mirror/edge", "1")).toBe(imageOf("edge").digest);
    await expectNothingToDo(workspace);
  });
});
