import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { invoke, type Outcome } from "./invoke.ts";

const name = "terraform-provider-imagesync_1.2.3_linux_amd64.zip";
const shelves = ["registry.terraform.io", "registry.opentofu.org"].map((host) => `${host}/imagesync/imagesync`);

let home: string;
let archive: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "imagesync-home-"));
  archive = join(home, name);
  await writeFile(archive, "PK\x03\x04 and so on");
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

async function install(...further: string[]): Promise<Outcome> {
  return await invoke(["provider", "install", ...further], { environment: { HOME: home } });
}

test("an archive is put where terraform and tofu look by themselves, as it is", async () => {
  const { code, stdout, stderr } = await install(archive);
  const places = shelves.map((shelf) => join(home, ".terraform.d/plugins", shelf, name));
  expect({ code, stdout }).toEqual({ code: 0, stdout: places.map((place) => `${place}\n`).join("") });
  expect(stderr).toContain("Installed imagesync/imagesync 1.2.3");
  for (const place of places) expect(await readFile(place)).toEqual(await readFile(archive));
});

test("it is replaced when it is installed again, and nothing else stays there", async () => {
  await install(archive);
  await writeFile(archive, "PK\x03\x04 and more");
  expect((await install(archive)).code).toBe(0);
  for (const shelf of shelves) {
    const directory = join(home, ".terraform.d/plugins", shelf);
    expect(await readdir(directory)).toEqual([name]);
    expect(await readFile(join(directory, name), "utf8")).toBe("PK\x03\x04 and more");
  }
});

test("another directory of plugins may be named", async () => {
  const { stdout } = await install(archive, "--directory", join(home, "elsewhere"));
  expect(stdout).toContain(join(home, "elsewhere", shelves[0] ?? "", name));
  expect(await readdir(home)).not.toContain(".terraform.d");
});

test.each([
  ["nginx.zip", "PK\x03\x04", /"nginx\.zip" is not the name of an archive of a release/],
  ["terraform-provider-imagesync_1.2_linux_amd64.zip", "PK\x03\x04", /is not the name/],
  ["terraform-provider-imagesync_1.2.3_linux_amd64.zip\u001b[2J.zip", "PK\x03\x04", /_amd64\.zip \[2J\.zip" is not/],
  [name, "", /is no ZIP archive/],
  [name, "<html>404</html>", /is no ZIP archive/],
])("%j is refused, and nothing is installed", async (file, content, said) => {
  await writeFile(join(home, file), content);
  const { code, stderr } = await install(join(home, file));
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringMatching(said) as string });
  expect(await readdir(home)).not.toContain(".terraform.d");
});

test("an archive that is not there is an error that names it", async () => {
  const { code, stderr } = await install(join(home, "none", name));
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining("no such file") as string });
});

test("a directory that cannot be made is an error, and leaves nothing half-made", async () => {
  await writeFile(join(home, ".terraform.d"), "a file");
  const { code, stderr } = await install(archive);
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining("--directory") as string });
});

test("an unfinished installation is cleared away when the second place cannot be had", async () => {
  const plugins = join(home, "plugins");
  await mkdir(join(plugins, "registry.opentofu.org/imagesync"), { recursive: true });
  await writeFile(join(plugins, "registry.opentofu.org/imagesync/imagesync"), "a file");
  expect((await install(archive, "--directory", plugins)).code).toBe(64);
  expect(await readdir(join(plugins, shelves[0] ?? ""))).toEqual([name]);
});

test("without a home it asks for the directory", async () => {
  const { code, stderr } = await invoke(["provider", "install", archive], { environment: {} });
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining("HOME is not set") as string });
});

test("where no provider came with the program, it asks for an archive", async () => {
  const { code, stderr } = await install();
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining("npx imagesync") as string });
});
