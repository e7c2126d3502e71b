import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { version } from "../../version.ts";
import { digestOfTag, mirror, openRegistry, patient, pushTo } from "../acceptance/stage.ts";
import { buildImage } from "../support/images/index.ts";
import { requireTool } from "../support/registries/index.ts";
import { block, nested, providerAddress, terraformProgram } from "../support/terraform/index.ts";
import { requireRoot, runInRoot } from "./other-root.ts";
import { ownTarget, released, releaseFile } from "./release-directory.ts";
import { unpack } from "./unpack.ts";

const busybox = requireTool("busybox");
const qemu = requireTool("qemu-aarch64-static");
const program = `terraform-provider-imagesync_v${version()}`;
const possible =
  released && ownTarget === "linux_amd64" && busybox !== undefined && requireRoot("packages in an empty root");

/** By it Terraform tells a provider that it is not a person who starts it. */
const magicCookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

let directory: string;
let root: string;

async function inRoot(...command: string[]): Promise<string> {
  const environment = { PATH: "/bin:/usr/bin:/sbin:/usr/sbin", HOME: "/home", CHECKPOINT_DISABLE: "1", TMPDIR: "/tmp" };
  return (await runInRoot(root, command, { environment })).stdout;
}

describe.skipIf(!possible)("in a root with nothing but a static busybox and the package", patient, () => {
  const shelf = `/home/.terraform.d/plugins/${providerAddress}/${version()}/linux_amd64`;

  beforeAll(async () => {
    root = await mkdtemp("/tmp/imagesync-root-");
    for (const name of ["bin", "proc", "tmp", "work"]) await mkdir(join(root, name), { recursive: true });
    await copyFile(busybox ?? "", join(root, "bin/busybox"));
    for (const name of ["sh", "readlink", "env"]) await symlink("busybox", join(root, "bin", name));
    await unpack(await releaseFile("linux_amd64.zip"), join(root, shelf));
  });

  afterAll(async () => {
    await rm(root, { recursive: true });
  });

  test("the provider starts by the loader that is packed with it", async () => {
    expect(await inRoot(`${shelf}/${program}`, "--version")).toBe(`terraform-provider-imagesync ${version()}\n`);
  });

  test("it starts by that loader where musl is, whatever stands in the place of the system's", async () => {
    await mkdir(join(root, "lib"), { recursive: true });
    await mkdir(join(root, "lib64"), { recursive: true });
    await writeFile(join(root, "lib/ld-musl-x86_64.so.1"), "");
    await writeFile(join(root, "lib64/ld-linux-x86-64.so.2"), "#!/bin/false\n", { mode: 0o755 });
    try {
      expect(await inRoot(`${shelf}/${program}`, "--version")).toBe(`terraform-provider-imagesync ${version()}\n`);
    } finally {
      for (const name of ["lib", "lib64"]) await rm(join(root, name), { recursive: true });
    }
  });

  test("what would turn the runtime into another program does not reach it", async () => {
    const asked = ["/bin/env", "BUN_BE_BUN=1", "BUN_OPTIONS=--print", `${shelf}/${program}`, "--version"];
    expect(await inRoot(...asked)).toBe(`terraform-provider-imagesync ${version()}\n`);
  });

  test.skipIf(terraformProgram === undefined)("terraform installs it there and copies an image", async () => {
    const image = buildImage({ seed: "empty root", layers: [3000] });
    const [from, to] = [await openRegistry(), await openRegistry()];
    await pushTo(from, "team/app", "1.0", image);
    await copyFile(terraformProgram ?? "", join(root, "bin/terraform"));
    await writeFile(
      join(root, "work/main.tf"),
      [
        'terraform {\n  required_providers {\n    imagesync = { source = "imagesync/imagesync" }\n  }\n}\n',
        block('provider "imagesync"', {
          registry: [from, to].map(({ host }) => nested({ address: host, plain_http: true })),
        }),
        mirror({ source: `${from.host}/team/app:1.0`, destination: `${to.host}/mirror/app:1.0` }),
      ].join("\n"),
    );
    const terraform = (...args: string[]): Promise<string> =>
      inRoot("/bin/terraform", "-chdir=/work", ...args, "-no-color");
    expect(await terraform("init")).toContain(`Installed imagesync/imagesync v${version()}`);
    await terraform("apply", "-auto-approve");
    expect(await digestOfTag(to, "mirror/app", "1.0")).toBe(image.digest);
    expect(await terraform("plan", "-detailed-exitcode")).toContain("No changes");
  });
});

describe.skipIf(!released || qemu === undefined || ownTarget !== "linux_amd64")(
  "on linux/arm64, as qemu plays it",
  patient,
  () => {
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "imagesync-arm64-"));
      await unpack(await releaseFile("linux_arm64.zip"), directory);
    });

    afterAll(async () => {
      await rm(directory, { recursive: true });
    });

    test("the provider does terraform's handshake, by the loader that is packed with it", async () => {
      const engine = ["--library-path", join(directory, "lib"), join(directory, "imagesync-engine")];
      const child = spawn(qemu ?? "", [join(directory, "lib/ld-linux-aarch64.so.1"), ...engine], {
        env: { TF_PLUGIN_MAGIC_COOKIE: magicCookie, PLUGIN_PROTOCOL_VERSIONS: "5,6", TMPDIR: "/tmp" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const exit = once(child, "exit");
      try {
        const lines = createInterface({ input: child.stdout });
        const [line] = (await Promise.race([once(lines, "line"), exit.then(() => ["it has ended"])])) as [string];
        expect(line).toMatch(/^1\|6\|unix\|\/tmp\/[^|]+\|grpc\|/);
      } finally {
        child.kill();
        await exit;
      }
    });
  },
);
