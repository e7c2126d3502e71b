import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { createEngine, type Engine, parseLocation, type Reference } from "../../engine/index.ts";
import { skopeoProgram } from "../acceptance/skopeo.ts";
import { only } from "../engine/pair.ts";
import { treeIn, writeLayout } from "../engine/layout/test-layout.ts";
import { buildImage, buildPlatformIndex, imageKinds, type TestManifest, treeOf } from "../support/images/index.ts";

const run = promisify(execFile);
const index = buildPlatformIndex({ seed: "layout", layers: [4000, 2000], shared: 70_000 });
const image = buildImage({ seed: "layout", layers: [4000, 300] });

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-real-layout-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Copies all that belongs to an image with skopeo; a change of any digest on the way is a failure. */
async function skopeoCopy(directory: string, from: string, to: string): Promise<void> {
  const policy = ["--insecure-policy"];
  await run(skopeoProgram ?? "", [...policy, "copy", "--all", "--preserve-digests", "--quiet", from, to], {
    env: { PATH: process.env["PATH"], HOME: directory, TMPDIR: directory },
  });
}

/** The digest of what skopeo finds. */
async function skopeoDigest(directory: string, location: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  const { stdout } = await run(skopeoProgram ?? "", ["inspect", "--raw", location], {
    encoding: "buffer",
    env: { PATH: process.env["PATH"], HOME: directory, TMPDIR: directory },
  });
  return `sha256:${createHash("sha256").update(stdout).digest("hex")}`;
}

async function copy(engine: Engine, source: Reference, destination: Reference): Promise<void> {
  const { error } = only(await engine.apply(await engine.plan({ source, destination })));
  if (error !== undefined) throw error;
}

function newEngine(): Engine {
  const engine = createEngine();
  onTestFinished(() => engine.close());
  return engine;
}

describe.skipIf(skopeoProgram === undefined)("with skopeo, digests and indexes are kept both ways", () => {
  const forms = [
    ["a directory", "oci", "layout"],
    ["an archive", "oci-archive", "layout.tar"],
  ] as const;
  // In a layout skopeo finds images with the media types of OCI alone; ours keep the types, and with them the digests.
  const kinds = ["single image", "index of five platforms", "zero-byte layer", "duplicate layers"].map((name) => {
    const kind = imageKinds.find((one) => one.name === name);
    if (kind === undefined) throw new Error(`There is no kind called ${name}`);
    return kind;
  });

  describe.each(forms)("%s", (_form, transport, name) => {
    test.each(kinds)("that we wrote, skopeo reads: $name", async (kind) => {
      const built = kind.build();
      const directory = await scratch();
      const [given, ours, theirs] = ["given", name, "theirs"].map((one) => join(directory, one)) as [
        string,
        string,
        string,
      ];
      await writeLayout(given, [["1", built]]);
      await copy(newEngine(), parseLocation(`oci:${given}:1`), parseLocation(`${transport}:${ours}:1`));

      expect(await skopeoDigest(directory, `${transport}:${ours}:1`)).toBe(built.digest);
      await skopeoCopy(directory, `${transport}:${ours}:1`, `dir:${theirs}`);
      const blobs = Object.keys(treeOf(built).blobs).map((digest) => digest.slice(7));
      expect(await readdir(theirs)).toEqual(expect.arrayContaining(blobs));
    });

    test("that skopeo wrote, we read", async () => {
      const directory = await scratch();
      const [given, theirs, ours] = [join(directory, "given"), join(directory, name), join(directory, "ours")];
      await writeLayout(given, [["1", index]]);
      await skopeoCopy(directory, `oci:${given}:1`, `${transport}:${theirs}:docker.io/library/app:1.2`);
      const engine = newEngine();
      expect(await engine.tags(parseLocation(`${transport}:${theirs}`))).toEqual(["1.2"]);
      await copy(engine, parseLocation(`${transport}:${theirs}:1.2`), parseLocation(`oci:${ours}:1`));
      expect(await treeIn(ours, "1")).toEqual(treeOf(index));
    });

    test("that skopeo wrote without a name, we read without one", async () => {
      const directory = await scratch();
      const [given, theirs, ours] = [join(directory, "given"), join(directory, name), join(directory, "ours")];
      await writeLayout(given, [["1", image]]);
      await skopeoCopy(directory, `oci:${given}:1`, `${transport}:${theirs}`);
      await copy(newEngine(), parseLocation(`${transport}:${theirs}`), parseLocation(`oci:${ours}:1`));
      expect(await treeIn(ours, "1")).toEqual(treeOf(image));
    });

    test("that both write into has the images of both", async () => {
      const directory = await scratch();
      const [given, shared, ours] = [join(directory, "given"), join(directory, "shared"), join(directory, name)];
      await writeLayout(given, [
        ["1", index],
        ["2", image],
      ]);
      await skopeoCopy(directory, `oci:${given}:1`, `oci:${shared}:first`);
      await copy(newEngine(), parseLocation(`oci:${given}:2`), parseLocation(`oci:${shared}:second`));
      await skopeoCopy(directory, `oci:${given}:2`, `oci:${shared}:third`);
      const engine = newEngine();
      for (const tag of ["first", "second", "third"]) {
        await copy(engine, parseLocation(`oci:${shared}:${tag}`), parseLocation(`${transport}:${ours}:${tag}`));
        const built: TestManifest = tag === "first" ? index : image;
        expect(await skopeoDigest(directory, `${transport}:${ours}:${tag}`)).toBe(built.digest);
      }
    });
  });
});

test("an archive is what tar makes of the directory, and the other way round", async () => {
  const directory = await scratch();
  const [given, unpacked, back] = ["given", "unpacked", "back"].map((one) => join(directory, one)) as [
    string,
    string,
    string,
  ];
  await writeLayout(given, [["1", index]]);
  for (const format of ["gnu", "pax", "ustar", "v7"]) {
    const theirs = join(directory, `${format}.tar`);
    await run("tar", [`--format=${format}`, "-cf", theirs, "-C", given, "."]);
    const ours = join(directory, `${format}-ours.tar`);
    const engine = newEngine();
    await copy(engine, parseLocation(`oci-archive:${theirs}:1`), parseLocation(`oci-archive:${ours}:1`));
    await rm(unpacked, { recursive: true, force: true });
    await mkdir(unpacked);
    await run("tar", ["-xf", ours, "-C", unpacked]);
    expect(await treeIn(unpacked, "1")).toEqual(treeOf(index));
    await cp(unpacked, back, { recursive: true });
    await copy(engine, parseLocation(`oci:${back}:1`), parseLocation(`oci:${join(directory, `${format}-again`)}:1`));
  }
});
