import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { convertText } from "../../cli/convert/convert-text.ts";
import { readForeign } from "../../cli/convert/read-foreign.ts";
import { readDraft } from "../../cli/config/read.ts";
import { rulesOf } from "../../cli/config/rules.ts";
import type { Draft } from "../../cli/config/draft.ts";
import { root } from "../docs/markdown.ts";
import { invoke } from "./invoke.ts";

const golden = join(root, "test/golden/config");

/** Each file, whose it is, and what its program was told beside it. */
const files = [
  ["native.yaml", "native", {}],
  ["replicant-first.yaml", "replicant", {}],
  ["replicant-later.yaml", "replicant", {}],
  ["kyma-first.yaml", "kyma", {}],
  ["kyma-signed.yaml", "kyma", {}],
  ["kyma-later.yaml", "kyma", { targetRepoPrefix: "europe-docker.pkg.dev/kyma-project/prod/external/" }],
  ["regsync.yaml", "regsync", {}],
  ["skopeo.yaml", "skopeo", { registry: "my-registry.local.lan/repo/" }],
  ["image-syncer.yaml", "image-syncer", {}],
  ["image-syncer-images.json", "image-syncer", {}],
  ["harbor.json", "harbor", { registry: "harbor.example.com" }],
] as const;

describe.each(files)("%s", (file, format, options) => {
  let text: string;

  beforeAll(async () => {
    text = await readFile(join(golden, file), "utf8");
  });

  test("is known by its content", () => {
    expect(readForeign(file, text, options).format).toBe(format);
  });

  test("becomes a file of ours, and one for Terraform, with all that is lost said", async () => {
    const native = convertText(file, text, { ...options, to: "native" });
    const terraform = convertText(file, text, { ...options, to: "terraform" });
    expect(terraform.warnings).toEqual(native.warnings);
    const name = join(golden, "converted", file.replace(/\.\w+$/, ""));
    await expect(native.text).toMatchFileSnapshot(`${name}.yaml`);
    await expect(terraform.text).toMatchFileSnapshot(`${name}.tf`);
    await expect(native.warnings.map((line) => `${line}\n`).join("")).toMatchFileSnapshot(`${name}.warnings.txt`);
  });

  test("means the same when what it became is read again", async () => {
    const { text: converted } = convertText(file, text, { ...options, to: "native" });
    const original = readForeign(file, text, options);
    const again = readDraft(file, converted, {});
    expect(again.document).toEqual(original.document);
    const rules = ({ document, reading }: Pick<Draft, "document" | "reading">): object[] =>
      rulesOf(document, "/", reading).map(({ name, rule }) => ({ name, rule }));
    expect(rules(again)).toEqual(rules(original));
    // And is ours: a second conversion changes nothing but comments.
    const second = convertText(file, converted, { to: "native" });
    expect(second.text).toBe(converted.replace(/^ *#.*\n/gm, "").replace(/^\n/, ""));
    expect(second.warnings).toEqual([]);
  });

  test("has no secret left", () => {
    for (const to of ["native", "terraform"] as const) {
      const { text: converted, warnings } = convertText(file, text, { ...options, to });
      expect(converted + warnings.join("\n")).not.toMatch(/open-sesame|this is a secret|\*{5}/);
    }
  });
});

describe("imagesync convert", () => {
  test("writes to the standard output, and warns on the other one", async () => {
    const { code, stdout, stderr } = await invoke(["convert", join(golden, "kyma-signed.yaml")]);
    expect(code).toBe(0);
    expect(stdout).toBe(await readFile(join(golden, "converted/kyma-signed.yaml"), "utf8"));
    expect(stderr).toMatch(/^Warning: .*kyma-signed\.yaml:6:5: images are not signed here/);
  });

  test("writes a file that is not there, and no other", async () => {
    const folder = await mkdtemp(join(tmpdir(), "convert-"));
    const command = [
      "convert",
      "--to",
      "terraform",
      join(golden, "replicant-later.yaml"),
      "-o",
      join(folder, "main.tf"),
    ];
    expect(await invoke(command)).toMatchObject({ code: 0, stdout: "" });
    const written = await readFile(join(folder, "main.tf"), "utf8");
    expect(written).toBe(await readFile(join(golden, "converted/replicant-later.tf"), "utf8"));
    expect(await invoke(command)).toMatchObject({ code: 64, stderr: expect.stringContaining("it exists") });
    expect(await readFile(join(folder, "main.tf"), "utf8")).toBe(written);
  });

  test("leaves no part of a file that cannot be written to its end", async () => {
    const folder = await mkdtemp(join(tmpdir(), "convert-"));
    const file = join(folder, "new.yaml");
    const command = ["cli/main.ts", "convert", join(golden, "replicant-later.yaml"), "-o", file];
    // Files may have no byte then, as on a disk that is full.
    const limited = ["-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh", process.execPath, ...command];
    const { status, stderr } = spawnSync("sh", limited, { encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: 64,
      stderr: expect.stringContaining(`Error: Cannot write "${file}": EFBIG`) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ["skopeo.yaml", [], "does not say where skopeo sync copies to"],
    ["kyma-later.yaml", [], '"targetRepoPrefix" is missing; give --target-repo-prefix'],
    ["harbor.json", [], "names the Harbor itself; say its host by --registry"],
    ["regsync.yaml", ["--from", "native"], 'unknown key "sync"'],
    ["nothing.yaml", [], "there is no such file"],
    ["regsync.yaml", ["--from", "x"], "Allowed choices are"],
  ])("refuses %s with %j and says why", async (file, flags, why) => {
    const { code, stdout, stderr } = await invoke(["convert", join(golden, file), ...flags]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(why);
  });

  test("refuses what the converted file would be refused for", async () => {
    const folder = await mkdtemp(join(tmpdir(), "convert-"));
    const file = join(folder, "images.json");
    await writeFile(file, JSON.stringify({ "Quay.io/A:1": "quay.io/b", "quay.io/c:1,2": "quay.io/d:1" }));
    const { code, stderr } = await invoke(["convert", file]);
    expect(code).toBe(64);
    expect(stderr).toContain("the source has 2 tags and the destination 1");
  });
});
