import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signatureFaults } from "../../tools/release/code-signature.ts";
import { noticesName } from "../../tools/release/third-party-notices.ts";
import { version } from "../../version.ts";
import { openRegistry, patient, pushTo } from "../acceptance/stage.ts";
import { codeSpans, documentOf, tableUnder } from "../docs/markdown.ts";
import { buildImage, fetchTree, treeOf } from "../support/images/index.ts";
import { requireTool } from "../support/registries/index.ts";
import { requireRoot, runInRoot } from "./other-root.ts";
import { commandLineFile, ownTarget, released } from "./release-directory.ts";
import { unpack } from "./unpack.ts";

const run = promisify(execFile);
const busybox = requireTool("busybox");
const qemu = requireTool("qemu-aarch64-static");
const onAmd64 = released && ownTarget === "linux_amd64";

const texts = [
  "LICENSE",
  noticesName,
  ...["bash", "fish", "ps1", "zsh"].map((shell) => `completions/imagesync.${shell}`),
];
const launched = [...texts, "imagesync", "lib/imagesync"];
const library = (loader: string): string[] =>
  ["COPYRIGHT", loader, "libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0"].map((name) => `lib/${name}`);

const expected: Readonly<Record<string, readonly string[]>> = {
  linux_amd64: [...launched, ...library("ld-linux-x86-64.so.2")],
  linux_arm64: [...launched, ...library("ld-linux-aarch64.so.1")],
  darwin_amd64: launched,
  darwin_arm64: launched,
};

/** All of an archive is in one directory of this name. */
function directoryFor(platform: string): string {
  return `imagesync_${version()}_${platform}`;
}

describe.skipIf(!released)("an archive of the command line", patient, () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-archives-"));
    for (const platform of Object.keys(expected)) {
      await run("tar", ["-xzpf", await commandLineFile(`${platform}.tar.gz`), "-C", directory]);
    }
  }, patient.timeout);

  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  const place = (platform: string, name: string): string => join(directory, directoryFor(platform), name);

  test.each(Object.entries(expected))("for %s has its files with their permissions", async (platform, files) => {
    const list = ["--list", "--verbose", "--numeric-owner", "--gzip"];
    const { stdout } = await run("tar", [...list, "--file", await commandLineFile(`${platform}.tar.gz`)]);
    const lines = stdout.trimEnd().split("\n");
    const found = lines.map((line) => line.split(/\s+/));
    const isProgram = (name: string): boolean => /^(?:lib\/)?imagesync$|^lib\/ld-/.test(name);
    expect(found.map(([mode, owner, , date, , path]) => [mode, owner, date, path])).toEqual(
      files
        .toSorted()
        .map((name) => [
          isProgram(name) ? "-rwxr-xr-x" : "-rw-r--r--",
          "0/0",
          "1970-01-01",
          `${directoryFor(platform)}/${name}`,
        ]),
    );
  });

  test("holds at the top what the guide to the installation says", () => {
    const shown = tableUnder("The command line", documentOf("docs/guides/installation.md")).flatMap(([name = ""]) =>
      codeSpans({ prose: name }),
    );
    const tops = (expected["linux_amd64"] ?? []).map((name) => name.split("/")[0] ?? "");
    expect(shown.toSorted()).toEqual([...new Set(tops)].toSorted());
  });

  test.each([["darwin_amd64"], ["darwin_arm64"]])("for %s is signed as its kernel wants it", async (platform) => {
    expect(signatureFaults(await readFile(place(platform, "lib/imagesync")))).toEqual([]);
  });

  test("for Windows is one program with its texts", async () => {
    const windows = join(directory, "windows");
    await unpack(await commandLineFile("windows_amd64.zip"), windows);
    const { stdout } = await run("find", [windows, "-type", "f", "-printf", "%P\n"]);
    expect(stdout.trimEnd().split("\n").sort()).toEqual(
      [...texts, "imagesync.exe"].map((name) => `${directoryFor("windows_amd64")}/${name}`).sort(),
    );
    const program = await readFile(join(windows, directoryFor("windows_amd64"), "imagesync.exe"));
    expect(program.toString("latin1", 0, 2)).toBe("MZ");
  });

  test.skipIf(!onAmd64)("runs where it has been unpacked, also by a link on PATH", async () => {
    const bin = join(directory, "bin");
    await mkdir(bin);
    await symlink(place(ownTarget, "imagesync"), join(bin, "imagesync"));
    const environment = { PATH: `${bin}:/usr/bin:/bin`, BUN_BE_BUN: "1", BUN_OPTIONS: "--print" };
    for (const program of [place(ownTarget, "imagesync"), "imagesync"]) {
      expect((await run(program, ["version"], { env: environment })).stdout).toBe(`imagesync ${version()}\n`);
    }
  });

  test.skipIf(!onAmd64)("has the scripts that the program itself makes, for the shells", async () => {
    for (const [shell, ending] of Object.entries({ bash: "bash", fish: "fish", powershell: "ps1", zsh: "zsh" })) {
      const { stdout } = await run(place(ownTarget, "imagesync"), ["completion", shell]);
      expect(await readFile(place(ownTarget, `completions/imagesync.${ending}`), "utf8")).toBe(stdout);
    }
    await run("bash", ["-n", place(ownTarget, "completions/imagesync.bash")]);
  });

  test.skipIf(!onAmd64 || qemu === undefined)("runs on linux/arm64, as qemu plays it", async () => {
    const loader = [place("linux_arm64", "lib/ld-linux-aarch64.so.1"), "--library-path", place("linux_arm64", "lib")];
    const command = [...loader, place("linux_arm64", "lib/imagesync"), "version"];
    expect((await run(qemu ?? "", command, { env: {} })).stdout).toBe(`imagesync ${version()}\n`);
  });

  test.skipIf(!onAmd64 || busybox === undefined || !requireRoot("the command line in an empty root"))(
    "copies in a root with nothing but a static busybox and what was unpacked",
    async () => {
      const root = join(directory, "root");
      for (const name of ["bin", "proc", "tmp"]) await mkdir(join(root, name), { recursive: true });
      await copyFile(busybox ?? "", join(root, "bin/busybox"));
      for (const name of ["sh", "readlink"]) await symlink("busybox", join(root, "bin", name));
      await cp(join(directory, directoryFor(ownTarget)), join(root, "opt"), { recursive: true });
      await symlink("/opt/imagesync", join(root, "bin/imagesync"));
      const image = buildImage({ seed: "archive", layers: [3000] });
      const [from, to] = [await openRegistry(), await openRegistry()];
      await pushTo(from, "team/app", "1.0", image);
      const { stdout } = await runInRoot(
        root,
        ["/bin/imagesync", "copy", `${from.host}/team/app:1.0`, `${to.host}/mirror/app:1.0`, "--plain-http"],
        { environment: { PATH: "/bin", TMPDIR: "/tmp" } },
      );
      expect(stdout).toBe(`${to.host}/mirror/app@${image.digest}\n`);
      expect(await fetchTree({ host: to.host }, "mirror/app", "1.0")).toEqual(treeOf(image));
    },
  );
});
