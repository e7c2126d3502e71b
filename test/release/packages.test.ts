import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { signatureFaults } from "../../tools/release/code-signature.ts";
import { deploymentFile, deployments } from "../../tools/release/deployment.ts";
import { targetName, targets } from "../../tools/release/target.ts";
import { version } from "../../version.ts";
import { patient } from "../acceptance/stage.ts";
import { documentOf } from "../docs/markdown.ts";
import { commandLineFile, released, releaseDirectory, releaseFile } from "./release-directory.ts";
import { makeSigningKey } from "./signing-key.ts";
import { entriesOf } from "./unpack.ts";

const run = promisify(execFile);
const program = `terraform-provider-imagesync_v${version()}`;
const texts = ["LICENSE", "THIRD-PARTY-NOTICES.txt"];
const launcherAndEngine = [...texts, "imagesync-engine", program];
const library = (loader: string): string[] =>
  ["COPYRIGHT", loader, "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"].map((name) => `lib/${name}`);

const expected: Readonly<Record<string, readonly string[]>> = {
  linux_amd64: [...launcherAndEngine, ...library("ld-linux-x86-64.so.2")],
  linux_arm64: [...launcherAndEngine, ...library("ld-linux-aarch64.so.1")],
  darwin_amd64: launcherAndEngine,
  darwin_arm64: launcherAndEngine,
  windows_amd64: [...texts, `${program}.exe`],
};

/** How executables of each platform begin: ELF, Mach-O and PE, with the number of the processor. */
const beginnings: Readonly<
  Record<string, { readonly magic: string; readonly processor: (file: Buffer) => number; readonly is: number }>
> = {
  linux_amd64: { magic: "7f454c46", processor: (file) => file.readUInt16LE(18), is: 62 },
  linux_arm64: { magic: "7f454c46", processor: (file) => file.readUInt16LE(18), is: 183 },
  darwin_amd64: { magic: "cffaedfe", processor: (file) => file.readUInt32LE(4), is: 0x01000007 },
  darwin_arm64: { magic: "cffaedfe", processor: (file) => file.readUInt32LE(4), is: 0x0100000c },
  windows_amd64: { magic: "4d5a", processor: (file) => file.readUInt16LE(file.readUInt32LE(60) + 4), is: 0x8664 },
};

describe.skipIf(!released)("a release", () => {
  const manifest = "manifest.json";
  const zips = targets.map((target) => `${targetName(target)}.zip`);
  const archives = targets.map((target) => `${targetName(target)}.${target.os === "windows" ? "zip" : "tar.gz"}`);

  test("has packages for every platform, the image, what runs it in Kubernetes, the registry's manifest, two files of checksums, and nothing else", async () => {
    const provider = ["SHA256SUMS", manifest, ...zips].map(
      (rest) => `terraform-provider-imagesync_${version()}_${rest}`,
    );
    const others = ["SHA256SUMS", "image.tar", ...archives].map((rest) => `imagesync_${version()}_${rest}`);
    others.push(...deployments.map((each) => deploymentFile(each, version())));
    const files = (await readdir(releaseDirectory)).filter((name) => !name.endsWith("SHA256SUMS.sig"));
    expect(files.sort()).toEqual([...provider, ...others].sort());
    expect(JSON.parse(await readFile(await releaseFile(manifest), "utf8"))).toEqual({
      version: 1,
      metadata: { protocol_versions: ["5.0", "6.0"] },
    });
  });

  test.each([
    ["the provider", releaseFile, [manifest, ...zips]],
    ["the command line and its image", commandLineFile, ["image.tar", ...archives], deployments],
  ])("has the checksums of what belongs to %s in a file of their own", async (_, fileOf, names, more = []) => {
    const sums = await fileOf("SHA256SUMS");
    const files = await Promise.all(names.map(async (name) => basename(await fileOf(name))));
    files.push(...more.map((each) => deploymentFile(each, version())));
    expect((await readFile(sums, "utf8")).trimEnd().split("\n")).toHaveLength(files.length);
    const { stdout } = await run("sha256sum", ["--check", "--strict", basename(sums)], { cwd: releaseDirectory });
    for (const file of files) expect(stdout).toContain(`${file}: OK\n`);
  });

  test.each(targets.map(targetName))(
    "the archive for %s has its files with their permissions",
    patient,
    async (name) => {
      const entries = await entriesOf(await releaseFile(`${name}.zip`));
      expect(entries.map((entry) => entry.name).sort()).toEqual([...(expected[name] ?? [])].sort());
      for (const entry of entries) {
        const executable = entry.name.startsWith(program) || /^imagesync-engine$|^lib\/ld-/.test(entry.name);
        expect({ name: entry.name, mode: entry.mode }).toEqual({
          name: entry.name,
          mode: 0o100000 | (executable ? 0o755 : 0o644),
        });
        // 1 January 1980, midnight.
        expect(entry.time).toBe(0x00210000);
      }
      // Terraform takes the first of these as the provider.
      expect(entries.filter((entry) => entry.name.startsWith("terraform-provider-imagesync"))).toHaveLength(1);
      const executable = entries
        .find((entry) => entry.name === "imagesync-engine" || entry.name.endsWith(".exe"))
        ?.content();
      const { magic = "", processor, is } = beginnings[name] ?? {};
      expect(executable?.toString("hex", 0, magic.length / 2)).toBe(magic);
      expect(executable === undefined ? undefined : processor?.(executable)).toBe(is);
    },
  );

  test("archives are no larger than the guide to the installation says, packed and unpacked", patient, async () => {
    const { prose } = documentOf("docs/guides/installation.md");
    const said = /has at most (\d+) MB, unpacked at most (\d+) MB/.exec(prose) ?? [];
    const [packed = 0, unpacked = 0] = said.slice(1).map((megabytes) => Number(megabytes) * 1e6);
    for (const archive of archives) expect((await stat(await commandLineFile(archive))).size).toBeLessThan(packed);
    for (const zip of zips) {
      const file = await releaseFile(zip);
      expect((await stat(file)).size).toBeLessThan(packed);
      const bytes = (await entriesOf(file)).reduce((sum, entry) => sum + entry.content().length, 0);
      expect(bytes).toBeLessThan(unpacked);
    }
  });

  test.each(["darwin_amd64", "darwin_arm64"])(
    "the signature of what runs on %s fits, to the bit",
    patient,
    async (name) => {
      const entries = await entriesOf(await releaseFile(`${name}.zip`));
      const executable = entries.find((entry) => entry.name === "imagesync-engine")?.content() ?? Buffer.alloc(0);
      expect(signatureFaults(executable)).toEqual([]);
      executable.writeUInt8(executable.readUInt8(5_000_000) ^ 1, 5_000_000);
      expect(signatureFaults(executable)).toEqual([expect.stringMatching(/^1 of \d+ pages have another hash$/)]);
    },
  );

  test("no launcher lets through what would turn the program into another", async () => {
    for (const target of targets.filter(({ os }) => os !== "windows")) {
      const entries = await entriesOf(await releaseFile(`${targetName(target)}.zip`));
      const launcher = entries
        .find(({ name }) => name === program)
        ?.content()
        .toString();
      expect(launcher).toMatch(/^#!\/bin\/sh\nunset BUN_OPTIONS BUN_BE_BUN\n/);
    }
  });

  let again: string;

  beforeAll(async () => {
    again = await mkdtemp(join(tmpdir(), "imagesync-again-"));
  });

  afterAll(async () => {
    await rm(again, { recursive: true });
  });

  test("made once more, signed this time, archives are the same bytes", patient, async () => {
    const names = ["linux_amd64", "darwin_amd64"];
    const key = await makeSigningKey();
    onTestFinished(() => key.close());
    await run(process.execPath, ["tools/release.ts", "--output", again, ...names.flatMap((name) => ["--only", name])], {
      env: { ...process.env, ...key.environment, PATH: process.env["PATH"], IMAGESYNC_SIGNING_KEY: key.fingerprint },
    });
    for (const name of names) {
      for (const first of [await releaseFile(`${name}.zip`), await commandLineFile(`${name}.tar.gz`)]) {
        expect((await readFile(join(again, "release", basename(first)))).equals(await readFile(first))).toBe(true);
      }
    }
    for (const first of [await releaseFile("SHA256SUMS"), await commandLineFile("SHA256SUMS")]) {
      const sums = join(again, "release", basename(first));
      const verified = await run("gpg", ["--batch", "--verify", `${sums}.sig`, sums], { env: key.environment });
      expect(verified.stderr).toContain("Good signature");
      // Registries take no armour.
      expect((await readFile(`${sums}.sig`)).toString("latin1")).not.toContain("BEGIN PGP");
    }
  });

  test("a platform that there is none of is refused, with those that there are", async () => {
    await expect(
      run(process.execPath, ["tools/release.ts", "--output", join(again, "none"), "--only", "plan9_amd64"]),
    ).rejects.toThrow(
      "linux_amd64, linux_arm64, darwin_amd64, darwin_arm64, windows_amd64, image, chart, kustomize, npm",
    );
  });
});
