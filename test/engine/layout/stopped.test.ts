import { mkdir, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryStorage } from "../../../engine/layout/directory.ts";
import { Layouts } from "../../../engine/layout/layouts.ts";
import { parseLocation } from "../../../engine/layout/location.ts";
import { parseDigest } from "../../../engine/oci/digest.ts";
import { buildImage } from "../../support/images/index.ts";
import { layoutItems, writeTar } from "./test-archive.ts";
import { scratch } from "./test-layout.ts";

test("who is stopped does not wait for another process that makes the layout", async () => {
  const directory = join(await scratch(), "layout");
  await mkdir(directory);
  await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const holder = `${process.ppid}@${hostname()}#00000000-0000-4000-8000-000000000000`;
  await symlink(holder, join(directory, ".imagesync-lock"));
  const stop = new AbortController();
  const changed = new DirectoryStorage(directory).changeIndex((index) => index, { signal: stop.signal });
  setImmediate(() => stop.abort());
  await expect(changed).rejects.toMatchObject({ name: "AbortError" });
}, 20_000);

test("who is stopped has no archive's manifests looked at for what they refer to", async () => {
  const file = join(await scratch(), "images.tar");
  const images = Array.from({ length: 3 }, (_, at) => buildImage({ seed: `app ${at}`, layers: [10] }));
  await writeTar(file, layoutItems(images.map((image, at) => [`${at}`, image])));
  const layout = new Layouts().open(parseLocation(`oci-archive:${file}`), "source");
  const [subject] = images;
  const listed = layout.referrers.list(parseDigest(subject?.digest ?? ""), { signal: AbortSignal.abort() });
  await expect(listed).rejects.toMatchObject({ name: "AbortError" });
});
