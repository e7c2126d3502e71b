import { mkdir, symlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryStorage } from "../../../engine/layout/directory.ts";
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
