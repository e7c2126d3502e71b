import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { invoke, type Outcome } from "./invoke.ts";

const name = "terraform-provider-imagesync_1.2.3_linux_amd64.zip";
const shelves = ["registry.terraform.io", "registry.opentofu.org"].map((host) => `${host}/imagesync/imagesync`);

/** What begins and ends as a ZIP archive does. */
function whole(content: string): string {
  return `PK\x03\x04 ${content} PK\x05\x06${"\0".repeat(18)}`;
}

let home: string;
let archive: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "imagesync-home-"));
  archive = join(home, name);
  await writeFile(archive, whole("and so on"));
});

afterEach(async () => {
  await rm(home, { recursive: true });
});

async function install(...further: string[]): Promise<Outcome> {
  return await installWith({}, ...further);
}

async function installWith(variables: Record<string, string>, ...further: string[]): Promise<Outcome> {
  return await invoke(["provider", "install", ...further], { environment: { HOME: home, ...variables } });
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
  await writeFile(archive, whole("and more"));
  expect((await install(archive)).code).toBe(0);
  for (const shelf of shelves) {
    const directory = join(home, ".terraform.d/plugins", shelf);
    expect(await readdir(directory)).toEqual([name]);
    expect(await readFile(join(directory, name), "utf8")).toBe(whole("and more"));
  }
});

test("another directory of plugins may be named", async () => {
  const { stdout } = await install(archive, "--directory", join(home, "elsewhere"));
  expect(stdout).toContain(join(home, "elsewhere", shelves[0] ?? "", name));
  expect(await readdir(home)).not.toContain(".terraform.d");
});

test.each([
  ["nginx.zip", "PK\x03\x04", /"nginx\.zip" is not the name of an archive of the provider/],
  ["terraform-provider-imagesync_1.2_linux_amd64.zip", "PK\x03\x04", /is not the name/],
  ["terraform-provider-imagesync_1.2.3_linux_amd64.zip\u001b[2J.zip", "PK\x03\x04", /_amd64\.zip \[2J\.zip" is not/],
  [name, "", /is no ZIP archive/],
  [name, "<html>404</html>", /is no ZIP archive/],
  [name, whole("broken off").slice(0, -20), /_amd64\.zip has no end\s+Download it again/],
  ["imagesync_1.2.3_linux_amd64.tar.gz", whole("tar"), /is not the name of an archive of the provider/],
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

test("an archive with a comment is one, however long that is", async () => {
  await writeFile(archive, whole("commented") + "c".repeat(0xffff));
  expect((await install(archive)).code).toBe(0);
});

test("an empty name of a directory is refused, rather than taken for the one it is run in", async () => {
  const { code, stderr } = await install(archive, "--directory", "");
  expect({ code, stderr }).toMatchObject({
    code: 64,
    stderr: expect.stringContaining("--directory is empty") as string,
  });
});

test("without a home it asks for the directory", async () => {
  const { code, stderr } = await invoke(["provider", "install", archive], { environment: {} });
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining("HOME is not set") as string });
});

test("where no provider came with the program, it asks for an archive", async () => {
  const { code, stderr } = await install();
  expect({ code, stderr }).toMatchObject({ code: 64, stderr: expect.stringContaining("npx imagesync") as string });
});

const restricted = `provider_installation {
  network_mirror {
    url = "https://mirror.example.com/"
  }
}
`;

test.each([
  [".terraformrc", restricted],
  [".tofurc", restricted],
  [".terraform.d/company.tfrc", `disable_checkpoint = true\r\n${restricted.replaceAll("\n", "\r\n")}`],
  [".terraform.d/company.tfrc.json", '{"provider_installation": {"direct": {}}}'],
])("%s that keeps Terraform from looking there is told, with what to add", async (file, text) => {
  await mkdir(join(home, ".terraform.d"));
  await writeFile(join(home, file), text);
  const { code, stderr } = await install(archive);
  const plugins = join(home, ".terraform.d/plugins");
  expect(code).toBe(0);
  expect(stderr).toContain(`Warning: ${join(home, file)} has a block provider_installation`);
  expect(stderr).toContain(`filesystem_mirror { path = "${plugins}" }`);
});

test("only the file that TF_CLI_CONFIG_FILE names counts, where it is set", async () => {
  const file = join(home, "own.rc");
  await writeFile(file, restricted);
  await writeFile(join(home, ".terraformrc"), "disable_checkpoint = true\n");
  expect((await install(archive)).stderr).not.toContain("Warning");
  expect((await installWith({ TF_CLI_CONFIG_FILE: file }, archive)).stderr).toContain(`Warning: ${file} has`);
  expect((await installWith({ TF_CLI_CONFIG_FILE: join(home, "none") }, archive)).stderr).not.toContain("Warning");
});

test("nothing is said of a configuration that names the directory, speaks of it in a comment, or is not asked", async () => {
  const file = join(home, ".terraformrc");
  const path = JSON.stringify(join(home, ".terraform.d/plugins"));
  await writeFile(file, `provider_installation {\n  filesystem_mirror {\n    path = ${path}\n  }\n}\n`);
  expect((await install(archive)).stderr).not.toContain("Warning");
  await writeFile(file, "# provider_installation { direct {} }\n// provider_installation {}\n");
  expect((await install(archive)).stderr).not.toContain("Warning");
  await writeFile(file, restricted);
  expect((await install(archive, "--directory", join(home, "mirror"))).stderr).not.toContain("Warning");
});

test("newer versions that Terraform would take are told, older ones are not", async () => {
  const shelf = join(home, ".terraform.d/plugins", shelves[0] ?? "");
  for (const other of ["1.2.2", "0.10.0", "2.0.0-rc.1", "1.2.3", "latest"]) {
    await mkdir(join(shelf, other), { recursive: true });
  }
  expect((await install(archive)).stderr).not.toContain("Warning");
  await mkdir(join(shelf, "1.10.0"));
  await writeFile(join(shelf, "terraform-provider-imagesync_1.3.0_linux_amd64.zip"), "PK");
  const { code, stderr } = await install(archive);
  expect(code).toBe(0);
  expect(stderr).toContain(join(shelf, "1.10.0"));
  expect(stderr).toContain(join(shelf, "terraform-provider-imagesync_1.3.0_linux_amd64.zip"));
  expect(stderr).not.toContain("1.2.2");
});

describe.skipIf(process.platform !== "linux")("where OpenTofu keeps its own by XDG", () => {
  test("no ~/.terraform.d is made, which would take its settings from it: both look below the data, too", async () => {
    const configuration = join(home, ".config");
    await mkdir(join(configuration, "opentofu"), { recursive: true });
    const { stdout } = await installWith({ XDG_CONFIG_HOME: configuration }, archive);
    const plugins = join(home, ".local/share/terraform/plugins");
    expect(stdout).toBe(shelves.map((shelf) => `${join(plugins, shelf, name)}\n`).join(""));
    expect(await readdir(home)).not.toContain(".terraform.d");
    const data = join(home, "data");
    const moved = await installWith({ XDG_CONFIG_HOME: configuration, XDG_DATA_HOME: data }, archive);
    expect(moved.stdout).toContain(join(data, "terraform/plugins", shelves[0] ?? "", name));
  });

  test("with a ~/.terraform.d, or without anything of OpenTofu, it is the usual place", async () => {
    const configuration = join(home, ".config");
    await mkdir(configuration);
    const usual = join(home, ".terraform.d/plugins", shelves[0] ?? "", name);
    expect((await installWith({ XDG_CONFIG_HOME: configuration }, archive)).stdout).toContain(usual);
    await mkdir(join(configuration, "opentofu"));
    expect((await installWith({ XDG_CONFIG_HOME: configuration }, archive)).stdout).toContain(usual);
  });
});
