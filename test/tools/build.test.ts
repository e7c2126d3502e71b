import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { engineLauncher } from "../../tools/build/launcher.ts";
import { type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { buildPlatformIndex, fetchTree, push, treeOf } from "../support/images/index.ts";
import { hostNode } from "../support/host-node.ts";
import { requireTool } from "../support/registries/index.ts";

const run = promisify(execFile);
const image = buildPlatformIndex({ seed: "build", layers: [100_000, 3000] });

let products: string;
let source: RunningRegistry;
let destination: RunningRegistry;

beforeAll(async () => {
  products = await mkdtemp(join(tmpdir(), "imagesync-build-"));
  await build();
}, 120_000);

afterAll(async () => {
  await rm(products, { recursive: true });
});

beforeEach(async () => {
  source = await startRegistry();
  destination = await startRegistry();
  await push(image, { host: source.host, repository: "app", tag: "1.0" });
});

afterEach(async () => {
  await Promise.all([source.close(), destination.close()]);
});

async function build(...flags: string[]): Promise<string> {
  return (await run(process.execPath, ["tools/build.ts", "--output", products, ...flags])).stdout;
}

function product(name: string): string {
  return join(products, name);
}

/** The ids of processes whose temporary files go below the directory, where the system tells. */
async function processesBelow(directory: string): Promise<string[]> {
  if (process.platform !== "linux") return [];
  const found: string[] = [];
  for (const id of await readdir("/proc")) {
    const environment = await readFile(join("/proc", id, "environ"), "utf8").catch(() => "");
    if (environment.split("\0").some((variable) => variable.startsWith(`TMPDIR=${directory}`))) found.push(id);
  }
  return found;
}

async function expectCopy(program: string, ...before: string[]): Promise<void> {
  const ends = [`${source.host}/app:1.0`, `${destination.host}/app:1.0`];
  const { stdout } = await run(program, [...before, "copy", ...ends, "--plain-http"]);
  expect(stdout).toBe(`${destination.host}/app@${image.digest}\n`);
  expect(await fetchTree({ host: destination.host }, "app", "1.0")).toEqual(treeOf(image));
}

describe("the command line", () => {
  test("tells the version of the package", async () => {
    const { version } = JSON.parse(await readFile("package.json", "utf8")) as { version: string };
    expect((await run(product("imagesync"), ["version"])).stdout).toBe(`imagesync ${version}\n`);
  });

  test("copies as one executable", async () => {
    await expectCopy(product("imagesync"));
  });

  test("copies as a bundle under the Node of this machine, the oldest that is supported", async () => {
    const node = hostNode();
    expect(node).toBeDefined();
    await expectCopy(node ?? "", product("bundle/imagesync.mjs"));
  });

  test("ends with its exit codes", async () => {
    const failure = run(product("imagesync"), [
      "copy",
      `${source.host}/app:none`,
      `${destination.host}/app:1`,
      "--plain-http",
    ]);
    await expect(failure).rejects.toMatchObject({
      code: 3,
      stdout: "",
      stderr: expect.stringMatching(/^Error: /) as string,
    });
    await expect(run(product("imagesync"), ["nonsense"])).rejects.toMatchObject({ code: 64 });
  });

  test("is stopped by SIGINT in mid-copy with 130", async () => {
    let release = (): void => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    const asked = new Promise<void>((resolve) => {
      source.intercept = ({ method, kind }) => {
        if (method !== "GET" || kind !== "blob") return undefined;
        resolve();
        return { until };
      };
    });
    const ends = [`${source.host}/app:1.0`, `${destination.host}/app:1.0`];
    const child = spawn(product("imagesync"), ["copy", ...ends, "--plain-http"], { stdio: "ignore" });
    const ended = once(child, "close");
    await asked;
    child.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
    release();
    expect(
      destination.requests.filter(({ method, path }) => method === "PUT" && path.includes("/manifests/1.0")),
    ).toEqual([]);
  });
});

describe("the directory a program is started in", () => {
  let hostile: string;

  beforeEach(async () => {
    hostile = await mkdtemp(join(tmpdir(), "imagesync-hostile-"));
    await writeFile(join(hostile, "bunfig.toml"), 'preload = ["./preload.js"]\n');
    await writeFile(join(hostile, "preload.js"), 'require("node:fs").writeFileSync("hijacked", "");\n');
    await writeFile(join(hostile, ".env"), "REGISTRY_AUTH_FILE=/nonexistent/canary.json\nTF_PLUGIN_MAGIC_COOKIE=x\n");
  });

  afterEach(async () => {
    await rm(hostile, { recursive: true });
  });

  async function wasHijacked(): Promise<boolean> {
    return (await readdir(hostile)).includes("hijacked");
  }

  test("gives the command line neither code by bunfig.toml nor variables by .env", async () => {
    const ends = [`${source.host}/app:1.0`, `${destination.host}/app:1.0`];
    await run(product("imagesync"), ["copy", ...ends, "--plain-http"], { cwd: hostile });
    expect(await wasHijacked()).toBe(false);
  });

  test("gives the provider no code by bunfig.toml", async () => {
    await run(product("terraform-provider-imagesync"), ["--version"], { cwd: hostile });
    expect(await wasHijacked()).toBe(false);
  });

  test("would be obeyed by a program that was compiled without care, so the two tests above mean something", async () => {
    const bun = `node_modules/@oven/bun-${process.platform}-${process.arch}/bin/bun`;
    const careless = join(hostile, "careless");
    const empty = join(hostile, "empty.mjs");
    await writeFile(empty, "export {};\n");
    await run(bun, ["build", "--compile", empty, "--outfile", careless]);
    await run(careless, [], { cwd: hostile });
    expect(await wasHijacked()).toBe(true);
  });
});

describe("the provider", () => {
  test("is not turned into Bun, and takes in no code, by the environment of whoever runs Terraform", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "imagesync-environment-"));
    try {
      const preload = join(scratch, "preload.js");
      await writeFile(preload, `require("node:fs").writeFileSync(${JSON.stringify(join(scratch, "hijacked"))}, "");`);
      const env = { ...process.env, BUN_BE_BUN: "1", BUN_OPTIONS: `--preload ${preload}` };
      const { stdout } = await run(product("terraform-provider-imagesync"), ["--version"], { env });
      expect(stdout).toMatch(/^terraform-provider-imagesync \d/);
      expect(await readdir(scratch)).toEqual(["preload.js"]);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });

  test("explains itself to whoever starts it by hand", async () => {
    const failure = run(product("terraform-provider-imagesync"));
    await expect(failure).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("Terraform") as string });
  });

  test("starts under the Node of this machine too", async () => {
    const { stdout } = await run(hostNode() ?? "", [product("bundle/terraform-provider-imagesync.mjs"), "--version"]);
    expect(stdout).toMatch(/^terraform-provider-imagesync \d/);
  });
});

describe("the launcher", () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync launcher "));
    await writeFile(join(directory, "launcher"), engineLauncher("engine"));
    await writeFile(join(directory, "engine"), '#!/bin/sh\nprintf "%s\\n" "$$" "${BUN_OPTIONS-unset}" "$@"\n');
    for (const name of ["launcher", "engine"]) await chmod(join(directory, name), 0o755);
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  test("hands on every argument as it is, from a path with spaces, under the same process id", async () => {
    const child = spawn(join(directory, "launcher"), ["a b", "", "*", "$HOME"], { env: { BUN_OPTIONS: "--bogus" } });
    let stdout = "";
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
    await once(child, "close");
    expect(stdout).toBe(`${child.pid}\nunset\na b\n\n*\n$HOME\n`);
  });

  test("finds its program when it is started through a link, or by a relative path", async () => {
    const links = join(directory, "links");
    await mkdir(links);
    await symlink("../launcher", join(links, "link"));
    expect((await run(join(links, "link"))).stdout).toContain("unset");
    expect((await run("./launcher", [], { cwd: directory })).stdout).toContain("unset");
    expect((await run("launcher", [], { env: { PATH: `${directory}:/usr/bin:/bin` } })).stdout).toContain("unset");
  });
});

describe("a second build", () => {
  test("makes again what is missing, and leaves no unfinished file", async () => {
    await rm(product("imagesync"));
    expect(await build()).toMatch(/imagesync: built\n/);
    await expectCopy(product("imagesync"));
    const names = await readdir(products, { recursive: true });
    expect(names.filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

describe("without Bun", () => {
  let scripts: string;
  let said: string;

  beforeAll(async () => {
    scripts = await mkdtemp(join(tmpdir(), "imagesync-scripts-"));
    said = (await run(process.execPath, ["tools/build.ts", "--node", "--output", scripts])).stdout;
  });

  afterAll(async () => {
    await rm(scripts, { recursive: true });
  });

  test("one line says so", () => {
    expect(said).toMatch(/^No Bun for this machine: .*Node >= 20\.19.*\n\S+imagesync: built\n/);
  });

  test("each program is one script of the same name, inside and outside a package of modules", async () => {
    const env = { PATH: dirname(hostNode() ?? "") };
    const expectVersions = async (): Promise<void> => {
      expect((await run(join(scripts, "imagesync"), ["version"], { env })).stdout).toMatch(/^imagesync \d/);
      const provider = await run(join(scripts, "terraform-provider-imagesync"), ["--version"], { env });
      expect(provider.stdout).toMatch(/^terraform-provider-imagesync \d/);
    };
    await expectVersions();
    // The nearest package.json decides how Node reads a script without file extension.
    await writeFile(join(scripts, "package.json"), JSON.stringify({ type: "module" }));
    await expectVersions();
  });
});

describe("the demo of the built program", () => {
  const terraform = requireTool("terraform");

  test.skipIf(terraform === undefined)("tells the whole story under the real terraform", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "imagesync-story-"));
    const { stdout, stderr } = await run(product("imagesync"), ["demo"], { env: { ...process.env, TMPDIR: scratch } });
    expect(stderr).toBe("");
    expect(await readdir(scratch)).toEqual([]);
    await rm(scratch, { recursive: true });
    const steps = stdout.split("\n").filter((line) => /^\d\. /.test(line));
    expect(steps).toEqual([
      "1. Two registries on this machine, an image for two platforms in the first",
      "2. terraform apply copies the image and pins it",
      "3. Somebody deletes the tag at the destination",
      "4. terraform plan detects it",
      "5. terraform apply heals it",
      "6. terraform plan finds nothing left to do",
      "7. terraform destroy takes the tag away",
    ]);
    expect(stdout).toMatch(/\| image = "127\.0\.0\.1:\d+\/mirror\/web@sha256:[0-9a-f]{64}"/);
    expect(stdout).toContain("the tag is gone");
  });

  test.skipIf(terraform === undefined)(
    "is stopped by Ctrl-C under terraform, and leaves neither files nor processes",
    async () => {
      const scratch = await mkdtemp(join(tmpdir(), "imagesync-stopped-"));
      try {
        const env = { ...process.env, TMPDIR: scratch };
        const child = spawn(product("imagesync"), ["demo"], { env, stdio: ["ignore", "pipe", "pipe"] });
        const ended = once(child, "close");
        await new Promise<void>((resolve) => {
          let stdout = "";
          child.stdout.on("data", (text: Buffer) => {
            stdout += text.toString();
            if (stdout.includes("2. terraform apply")) resolve();
          });
        });
        child.kill("SIGINT");
        expect(await ended).toEqual([130, null]);
        expect(await readdir(scratch)).toEqual([]);
        await vi.waitFor(async () => expect(await processesBelow(scratch)).toEqual([]));
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
  );
});
