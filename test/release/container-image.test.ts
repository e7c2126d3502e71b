import { X509Certificate } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { rootCertificates } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { version } from "../../version.ts";
import { digestBySkopeo } from "../acceptance/skopeo.ts";
import { openRegistry, patient, pushTo } from "../acceptance/stage.ts";
import { documentOf, tableUnder } from "../docs/markdown.ts";
import { buildImage, buildPlatformIndex, type Endpoint, fetchTree, push, treeOf } from "../support/images/index.ts";
import {
  dockerRegistryProgram,
  requireTool,
  type RunningDockerRegistry,
  startDockerRegistry,
} from "../support/registries/index.ts";
import { packageDirectory } from "../support/terraform/index.ts";
import { requireRoot, runInRoot } from "./other-root.ts";
import { commandLineFile, ownTarget, released } from "./release-directory.ts";
import { type UnpackedImage, unpackImage } from "./unpack-image.ts";

const run = promisify(execFile);
const skopeo = requireTool("skopeo");
const qemu = requireTool("qemu-aarch64-static");
const user = 65532;
const missing = !released || dockerRegistryProgram === undefined || skopeo === undefined;
const canRun = !missing && ownTarget === "linux_amd64" && requireRoot("the container image, run by its user");

describe.skipIf(missing)("the container image", patient, () => {
  let directory: string;
  let registry: RunningDockerRegistry;
  let reference: string;
  const images = new Map<string, UnpackedImage>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-image-"));
    registry = await startDockerRegistry();
    reference = `${registry.host}/tools/imagesync:${version()}`;
    const archive = `oci-archive:${await commandLineFile("image.tar")}`;
    await run(join(packageDirectory, "imagesync"), ["copy", archive, reference, "--plain-http"]);
    for (const architecture of ["amd64", "arm64"]) {
      images.set(architecture, await unpackImage(reference, architecture, join(directory, architecture)));
    }
  }, patient.timeout);

  afterAll(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
  });

  function imageFor(architecture: string): UnpackedImage {
    const image = images.get(architecture);
    if (image === undefined) throw new Error(`There is none for ${architecture}`);
    return image;
  }

  async function inspect(...flags: readonly string[]): Promise<unknown> {
    const { stdout } = await run(skopeo ?? "", ["inspect", "--tls-verify=false", ...flags, `docker://${reference}`]);
    return JSON.parse(stdout);
  }

  const labels = {
    "org.opencontainers.image.created": "1970-01-01T00:00:00Z",
    "org.opencontainers.image.description": expect.stringContaining("container images"),
    "org.opencontainers.image.licenses": "MPL-2.0",
    "org.opencontainers.image.title": "imagesync",
    "org.opencontainers.image.version": version(),
  };

  test("is an index of both platforms of Linux, which says what it is", async () => {
    expect(await inspect("--raw")).toMatchObject({
      mediaType: "application/vnd.oci.image.index.v1+json",
      annotations: labels,
      manifests: [
        { platform: { os: "linux", architecture: "amd64" } },
        { platform: { os: "linux", architecture: "arm64" } },
      ],
    });
  });

  test.each([["amd64"], ["arm64"]])("tells a runtime how it is started, and people what it is, on %s", async (name) => {
    expect(await inspect("--override-arch", name)).toMatchObject({
      Architecture: name,
      Os: "linux",
      Labels: labels,
      Layers: [expect.anything(), expect.anything()],
    });
    expect(imageFor(name).configuration).toMatchObject({
      architecture: name,
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: {
        User: `${user}:${user}`,
        Env: ["PATH=/usr/bin", "HOME=/home/imagesync", expect.stringMatching(/^BUN_JSC_/)],
        Entrypoint: ["/usr/bin/imagesync"],
        WorkingDir: "/work",
      },
    });
  });

  test("is what the guide to the installation says", () => {
    const rows = new Map(
      tableUnder("The container image", documentOf("docs/guides/installation.md")).map(([name = "", text = ""]) => [
        name,
        text,
      ]),
    );
    const { config } = imageFor("amd64").configuration as {
      readonly config: { readonly WorkingDir: string; readonly Entrypoint: readonly string[] };
    };
    expect(rows.get("program")).toContain(`\`${config.Entrypoint.join(" ")}\` is the entrypoint`);
    expect(rows.get("user")).toContain(`${user}, of group ${user},`);
    expect(rows.get("files")).toContain(`containers start in \`${config.WorkingDir}\``);
    expect(rows.get("files")).toContain("The home is `/home/imagesync`");
    expect(rows.get("certificates")).toContain("`/etc/ssl/certs/ca-certificates.crt`");
  });

  test("is taken over by another program, digest by digest", async () => {
    const copy = join(directory, "copy");
    const command = ["copy", "-q", "--all", "--src-tls-verify=false", `docker://${reference}`, `oci:${copy}:it`];
    await run(skopeo ?? "", command);
    const archived = await run("tar", ["-xOf", await commandLineFile("image.tar"), "index.json"]);
    const digests = [archived.stdout, await readFile(join(copy, "index.json"), "utf8")].map(
      (index) => /"digest": ?"(sha256:[0-9a-f]{64})"/.exec(index)?.[1] ?? "none",
    );
    expect(digests[0]).toBe(await digestBySkopeo(reference));
    expect(digests[1]).toBe(digests[0]);
  });

  test.each([["amd64"], ["arm64"]])("has nothing on %s that belongs to its user but where it may write", (name) => {
    const lines = imageFor(name)
      .layers.flatMap((list) => list.trimEnd().split("\n"))
      .map((line) => line.split(/\s+/));
    const paths = lines.map((line) => line[5] ?? "");
    expect(paths.filter((path) => path.includes(".wh.") || path.startsWith("/") || path.includes(".."))).toEqual([]);
    for (const line of lines) expect(line.slice(3, 5)).toEqual(["1970-01-01", "00:00"]);
    const owned = lines.filter((line) => line[1] !== "0/0").map((line) => [line[0], line[1], line[5]]);
    expect(owned).toEqual([
      ["drwxr-xr-x", "65532/65532", "home/imagesync/"],
      ["drwxr-xr-x", "65532/65532", "work/"],
    ]);
    // Neither what anybody may change nor what would give rights, but for the directory that all may write to.
    const unusual = lines.filter(([mode = ""]) => /^.(?:..s|.....s|.......w|........[tT])/.test(mode));
    expect(unusual.map((line) => [line[0], line[5]])).toEqual([["drwxrwxrwt", "tmp/"]]);
    expect(lines.filter(([mode = ""]) => !/^[-d]/.test(mode))).toEqual([]);
  });

  test("has the certificate authorities of its runtime's list, all of them readable", async () => {
    for (const { root } of images.values()) {
      const text = await readFile(join(root, "etc/ssl/certs/ca-certificates.crt"), "utf8");
      const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
      expect(found).toEqual(rootCertificates.map((certificate) => certificate.trim()));
      expect(found.map((pem) => new X509Certificate(pem).ca)).not.toContain(false);
    }
  });

  test("has its licence, and those of all that it is made of", async () => {
    for (const { root } of images.values()) {
      const place = join(root, "usr/share/doc/imagesync");
      expect(await readFile(join(place, "LICENSE"), "utf8")).toBe(await readFile("LICENSE", "utf8"));
      const notices = await readFile(join(place, "THIRD-PARTY-NOTICES.txt"), "utf8");
      for (const word of ["commander ", "undici ", "Bun ", "GNU LESSER GENERAL PUBLIC LICENSE", "Mozilla"]) {
        expect(notices).toContain(word);
      }
      const [, notice = ""] = /see (\/\S+copyright)/.exec(notices) ?? [];
      expect(await readFile(join(root, notice), "utf8")).toContain("GNU C Library");
    }
  });

  test.skipIf(qemu === undefined)("runs on linux/arm64, as qemu plays it", async () => {
    const { root, configuration } = imageFor("arm64");
    const [program = ""] = configuration.config.Entrypoint;
    const { stdout } = await run(qemu ?? "", ["-L", root, join(root, program), "version"], { env: {} });
    expect(stdout).toBe(`imagesync ${version()}\n`);
  });

  test("made once more, is the same bytes", async () => {
    const again = join(directory, "again");
    await run(process.execPath, ["tools/release.ts", "--output", again, "--only", "image"]);
    const first = await commandLineFile("image.tar");
    expect((await readFile(join(again, "release", basename(first)))).equals(await readFile(first))).toBe(true);
  });

  test("is not begun with a time that is none", async () => {
    const making = run(process.execPath, ["tools/release.ts", "--output", join(directory, "none"), "--only", "image"], {
      env: { ...process.env, SOURCE_DATE_EPOCH: "yesterday" },
    });
    await expect(making).rejects.toThrow('SOURCE_DATE_EPOCH is "yesterday"');
  });

  describe.skipIf(!canRun)("run by its user where nothing can be written but in volumes", patient, () => {
    /** Runs the program as a pod with `readOnlyRootFilesystem` does; `files` are there for all to read. */
    async function start(
      args: readonly string[],
      files: Readonly<Record<string, string>> = {},
      more: Readonly<Record<string, string>> = {},
    ): Promise<{ readonly stdout: string; readonly stderr: string }> {
      const { root, configuration } = imageFor("amd64");
      const { Entrypoint, Env, WorkingDir } = configuration.config;
      for (const name of ["proc", "config"]) await mkdir(join(root, name), { recursive: true });
      for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
      const own = Object.fromEntries(Env.map((line) => line.split("=", 2) as [string, string]));
      return await runInRoot(root, [...Entrypoint, ...args], {
        environment: { ...own, ...more },
        user,
        workDirectory: WorkingDir,
        writable: ["/tmp"],
      });
    }

    test("it tells its version", async () => {
      expect((await start(["version"])).stdout).toBe(`imagesync ${version()}\n`);
    });

    describe("with registries that have certificates of their own", () => {
      const image = buildPlatformIndex({ seed: "container image", layers: [100_000, 3000] });
      let from: RunningDockerRegistry;
      let to: RunningDockerRegistry;
      let authorities: Readonly<Record<string, string>>;
      const trust = { SSL_CERT_FILE: "/config/authorities.crt" };

      beforeAll(async () => {
        [from, to] = await Promise.all([startDockerRegistry({ tls: true }), startDockerRegistry({ tls: true })]);
        await push(image, { ...endpoint(from), repository: "team/app", tag: "1.2.3" });
        authorities = { "config/authorities.crt": `${from.ca}${to.ca}` };
      });

      afterAll(async () => {
        await Promise.all([from.close(), to.close()]);
      });

      test("it copies by SSL_CERT_FILE, and not without", async () => {
        const command = ["copy", `${from.host}/team/app:1.2.3`, `${to.host}/mirror/app:1.0`];
        await expect(start([...command, "--retry-times", "0"])).rejects.toMatchObject({
          stderr: expect.stringContaining("SSL_CERT_FILE"),
        });
        const { stdout } = await start(command, authorities, trust);
        expect(stdout).toBe(`${to.host}/mirror/app@${image.digest}\n`);
        expect(await fetchTree(endpoint(to), "mirror/app", "1.0")).toEqual(treeOf(image));
      });

      test("it runs a file of replicant's that REPLICANT_CONFIG names, by names of /etc/hosts", async () => {
        const named = (host: string): string => host.replace("127.0.0.1", "localhost");
        const files = {
          ...authorities,
          "etc/hosts": "127.0.0.1 localhost\n",
          "config/jobs.yaml": JSON.stringify({
            images: { app: { source: `${named(from.host)}/team/app`, destination: `${named(to.host)}/jobs/app` } },
          }),
        };
        await start(["replicant"], files, { ...trust, REPLICANT_CONFIG: "/config/jobs.yaml" });
        expect(await fetchTree(endpoint(to), "jobs/app", "1.2.3")).toEqual(treeOf(image));
      });
    });

    test("it finds registries by the names that the runtime puts into /etc/hosts", async () => {
      const registry = await openRegistry();
      const image = buildImage({ seed: "named", layers: [3000] });
      await pushTo(registry, "team/app", "1.0", image);
      const named = registry.host.replace("127.0.0.1", "registry.test");
      const files = { "etc/hosts": "127.0.0.1 localhost registry.test\n" };
      const { stdout } = await start(["digest", `${named}/team/app:1.0`, "--plain-http"], files);
      expect(stdout).toBe(`${image.digest}\n`);
    });

    test("it writes to volumes", async () => {
      const registry = await openRegistry();
      await pushTo(registry, "team/app", "1.0", buildImage({ seed: "volume", layers: [3000] }));
      const { stdout } = await start([
        "copy",
        `${registry.host}/team/app:1.0`,
        "oci-archive:/tmp/app.tar:1.0",
        "--plain-http",
      ]);
      expect(stdout).toMatch(/^oci-archive:\/tmp\/app\.tar@sha256:/);
    });
  });
});

/** How the tests' own client reaches a registry. */
function endpoint({ host, ca = "" }: RunningDockerRegistry): Endpoint {
  return { host, plainHttp: false, ca };
}
