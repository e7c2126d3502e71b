import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { buildArtifact } from "../support/images/artifact.ts";
import { buildImage, fetchTree, push, treeOf } from "../support/images/index.ts";
import { makeCertificates } from "../support/registries/index.ts";
import { invoke } from "./invoke.ts";

const image = buildImage({ seed: "flags", layers: [10_000, 2000] });
const other = buildImage({ seed: "other", layers: [500] });
const signature = buildArtifact({
  seed: "signature",
  blobs: [300],
  artifactType: "application/vnd.example.signature",
  subject: image,
});

async function open(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-copy-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface Ends {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly from: string;
  readonly to: string;
  /** Runs `copy` from one to the other. */
  readonly copy: (...flags: readonly string[]) => ReturnType<typeof invoke>;
}

async function ends(): Promise<Ends> {
  const [source, destination] = [await open(), await open()];
  await push(image, { host: source.host, repository: "app", tag: "1" });
  await push(signature, { host: source.host, repository: "app" });
  const from = `${source.host}/app:1`;
  const to = `${destination.host}/mirror/app:1`;
  const copy: Ends["copy"] = (...flags) => invoke(["copy", from, to, "--plain-http", ...flags]);
  return { source, destination, from, to, copy };
}

async function digestAt({ host }: RunningRegistry, key: string): Promise<string | undefined> {
  const tree = fetchTree({ host }, "mirror/app", key);
  return await tree.then(
    ({ digest }) => digest,
    () => undefined,
  );
}

describe("referrers", () => {
  test("travel with the image, and only the image is the result", async () => {
    const { destination, copy } = await ends();
    const { code, stdout, stderr } = await copy();
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${destination.host}/mirror/app@${image.digest}\n` });
    expect(stderr).toContain("1 referrer in place");
    expect(await digestAt(destination, signature.digest)).toBe(signature.digest);
  });

  test("stay behind with --no-referrers, and those of other types with --artifact-type", async () => {
    for (const flags of [["--no-referrers"], ["--artifact-type", "application/vnd.example.sbom"]]) {
      const { destination, copy } = await ends();
      expect(await copy(...flags)).toMatchObject({ code: 0 });
      expect(await digestAt(destination, signature.digest)).toBeUndefined();
    }
    const { destination, copy } = await ends();
    await copy("--referrers", "--artifact-type", "application/vnd.example.signature");
    expect(await digestAt(destination, signature.digest)).toBe(signature.digest);
  });
});

describe("a tag that holds something else", () => {
  test.each([
    { flags: [], code: 0, holds: image.digest },
    { flags: ["--on-conflict", "overwrite"], code: 0, holds: image.digest },
    { flags: ["--on-conflict", "keep"], code: 0, holds: other.digest },
    { flags: ["--no-clobber"], code: 0, holds: other.digest },
    { flags: ["--on-conflict", "fail"], code: 4, holds: other.digest },
  ])("with $flags", async ({ flags, code, holds }) => {
    const { destination, copy } = await ends();
    await push(other, { host: destination.host, repository: "mirror/app", tag: "1" });
    const { code: ended, stdout, stderr } = await copy(...flags);
    expect(ended).toBe(code);
    expect(stderr.includes(`the tag holds ${other.digest} and`)).toBe(holds === other.digest);
    expect(stderr).not.toContain("it is in place");
    expect(await digestAt(destination, "1")).toBe(holds);
    expect(stdout).toBe(code === 0 ? `${destination.host}/mirror/app@${holds}\n` : "");
  });
});

test("additional tags hold the same image, which is one result", async () => {
  const { destination, copy } = await ends();
  const { code, stdout } = await copy("--additional-tag", "latest,stable", "--additional-tag", "v1");
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${destination.host}/mirror/app@${image.digest}\n` });
  for (const tag of ["1", "latest", "stable", "v1"]) expect(await digestAt(destination, tag)).toBe(image.digest);

  const json = await copy("--additional-tag", "latest", "-o", "json");
  const told = json.stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { destination: string }).destination);
  expect(told).toEqual([`${destination.host}/mirror/app:1`, `${destination.host}/mirror/app:latest`]);
});

test("--digestfile has the digest of what is there, and nothing when the copy fails", async () => {
  const { copy, to } = await ends();
  const directory = await scratch();
  const file = join(directory, "digest");
  await invoke(["copy", `${to}-none`, to, "--plain-http", "--digestfile", file]);
  expect(await readdir(directory)).toEqual([]);
  expect(await copy("--digestfile", file)).toMatchObject({ code: 0 });
  expect(await readFile(file, "utf8")).toBe(image.digest);
});

describe("a file for the digest that cannot be written", () => {
  test.each(["none/digest", "."])("is found before anything is asked for (%s)", async (name) => {
    const { destination, copy } = await ends();
    const { code, stderr } = await copy("--digestfile", join(await scratch(), name));
    expect({ code, requests: destination.requests.length }).toEqual({ code: 64, requests: 0 });
    expect(stderr).toMatch(/^Error: Cannot write the digest to .*\n {2}Give --digestfile /);
    expect(await copy("--dry-run", "--digestfile", join(await scratch(), name))).toMatchObject({ code: 0 });
  });

  test("when the image is copied does not hide that it is", async () => {
    const { destination, to, copy } = await ends();
    const directory = join(await scratch(), "gone");
    await mkdir(directory);
    destination.intercept = () => {
      rmSync(directory, { recursive: true, force: true });
      return undefined;
    };
    const { code, stdout, stderr } = await copy("--digestfile", join(directory, "digest"));
    expect({ code, stdout }).toEqual({ code: 1, stdout: `${to.slice(0, -2)}@${image.digest}\n` });
    expect(stderr).toMatch(/moved .*\nError: Cannot write the digest to .*\n {2}Give --digestfile .*\n$/);
  });
});

describe("layouts", () => {
  test("are source and destination, with what belongs to the image", async () => {
    const { from, destination } = await ends();
    const directory = await scratch();
    const steps = [
      [from, `oci:${directory}/layout:1`],
      [`oci:${directory}/layout:1`, `oci-archive:${directory}/images.tar:1`],
      [`oci-archive:${directory}/images.tar:1`, `${destination.host}/mirror/app:1`],
    ] as const;
    for (const [source, to] of steps) {
      const { code, stdout } = await invoke(["copy", source, to, "--plain-http"]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${to.replace(/:1$/, "")}@${image.digest}\n` });
    }
    expect(await fetchTree({ host: destination.host }, "mirror/app", "1")).toEqual(treeOf(image));
    expect(await digestAt(destination, signature.digest)).toBe(signature.digest);
    for (const [source, to] of steps) {
      const { code, stderr } = await invoke(["copy", source, to, "--plain-http"]);
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("Nothing to do") as string });
    }

    const layout = `oci:${directory}/layout`;
    expect(await invoke(["digest", `${layout}:1`])).toMatchObject({ code: 0, stdout: `${image.digest}\n` });
    expect(await invoke(["inspect", "--verify", `${layout}:1`])).toMatchObject({ code: 0 });
    expect(await invoke(["delete", `${layout}:1`])).toMatchObject({ code: 0, stdout: "tag 1\n" });
    expect(await invoke(["digest", `${layout}:1`])).toMatchObject({ code: 3 });
  });

  test("that are none are told by what they are", async () => {
    const { from } = await ends();
    const directory = await scratch();
    const none = await invoke(["copy", `oci:${directory}/none:1`, from, "--plain-http"]);
    expect(none.code).toBe(3);
    expect(none.stderr).toMatch(/^Error: .*the layout does not have it\n {2}Check the path: there is no layout\n$/);
    const address = await invoke(["copy", "oci://ghcr.io/acme/app:1", from]);
    expect(address.code).toBe(64);
    expect(address.stderr).toContain('Write "ghcr.io/acme/app:1"');
  });
});

describe("the way to a registry", () => {
  test("a directory that is named as an archive is told how it is named", async () => {
    const { to } = await ends();
    const { code, stderr } = await invoke(["copy", `oci-archive:${tmpdir()}:1`, to, "--plain-http"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Write oci: before a directory");
  });

  test("certificates are accepted for one side alone", async () => {
    const { source, to } = await ends();
    const { cert, key } = await makeCertificates();
    const closed = await open({ tls: { cert, key } });
    const target = `${closed.host}/mirror/app:1`;
    const copy = (...flags: readonly string[]): ReturnType<typeof invoke> =>
      invoke(["copy", `${source.host}/app:1`, target, "--src-plain-http", "--retry-times", "1", ...flags]);
    expect(await copy("--dest-tls-verify=false")).toMatchObject({ code: 0 });
    expect(await copy("--src-tls-verify=false")).toMatchObject({ code: 1 });
    expect(await copy("--dest-tls-verify=maybe")).toMatchObject({ code: 64 });
    const back = await invoke(["copy", target, to, "--dest-plain-http", "--src-tls-verify=false"]);
    expect(back).toMatchObject({ code: 0 });
    expect(await invoke(["digest", target, "--tls-verify=false"])).toMatchObject({ code: 0 });
  });

  test("leads through a mirror, whose failure does no harm", async () => {
    const { source, destination, from, copy } = await ends();
    const mirror = await open();
    await push(image, { host: mirror.host, repository: "cache/app", tag: "1" });
    // A mirror is reached over HTTPS: this one is passed over, and the registry itself is asked.
    const { code } = await copy("--mirror", `${mirror.host}/cache`, "--retry-times", "1", "--retry-delay", "1ms");
    expect(code).toBe(0);
    expect(await digestAt(destination, "1")).toBe(image.digest);
    expect(source.requests.length).toBeGreaterThan(0);
    const wrong = await invoke(["copy", from, from, "--mirror", "mirror.example.com/Upper Case"]);
    expect(wrong).toMatchObject({ code: 64, stdout: "" });
  });

  test("leads to a mirror alone, signatures and all, when the registry is gone", async () => {
    const { source, destination, from, to } = await ends();
    const mirror = await open();
    await push(image, { host: mirror.host, repository: "cache/app", tag: "1" });
    await push(signature, { host: mirror.host, repository: "cache/app" });
    await source.close();
    const flags = ["--retry-times", "0", "--dest-plain-http", "--mirror", `http://${mirror.host}/cache`];
    const { code, stderr } = await invoke(["copy", from, to, ...flags]);
    expect(stderr).toContain(`was looked for at mirrors only (http://${mirror.host}/cache)`);
    expect(code).toBe(0);
    expect(await digestAt(destination, "1")).toBe(image.digest);
    expect(await digestAt(destination, signature.digest)).toBe(signature.digest);
    const missing = await invoke(["copy", `${source.host}/other:1`, to, ...flags]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("(status 404). Bring what is missing") });
  });

  test("leads to a mirror whose certificate is trusted by --ca-file", async () => {
    const { source, destination, from, to } = await ends();
    const { ca, cert, key } = await makeCertificates();
    const mirror = await open({ tls: { cert, key } });
    await push(image, { host: mirror.host, repository: "cache/app", tag: "1", plainHttp: false, ca });
    await source.close();
    const file = join(await scratch(), "ca.pem");
    await writeFile(file, ca);
    const flags = ["--retry-times", "0", "--dest-plain-http", "--no-referrers", "--mirror", `${mirror.host}/cache`];
    expect(await invoke(["copy", from, to, ...flags])).toMatchObject({ code: 1 });
    expect(await invoke(["copy", from, to, ...flags, "--ca-file", file])).toMatchObject({ code: 0 });
    expect(await digestAt(destination, "1")).toBe(image.digest);
  });

  test("in plain HTTP to a mirror contradicts settings of that host which ask for TLS", async () => {
    const { destination, from, to } = await ends();
    const flags = ["--src-plain-http", "--mirror", `http://${destination.host}`];
    const { code, stderr } = await invoke(["copy", from, to, ...flags]);
    expect(code).toBe(64);
    expect(stderr).toContain("has settings of its own that ask for TLS");
  });

  test("is tried once when no retries are wanted", async () => {
    const { destination, copy } = await ends();
    destination.intercept = () => ({ respond: { status: 503 } });
    const { code, stderr } = await copy("--retry-times", "0");
    expect(code).toBe(1);
    expect(stderr).not.toContain("retry of");
  });

  const bad = "socks5://user:geheim@p.example:1080";
  test.each<{ flags: readonly string[]; environment: Record<string, string>; said: string }>([
    { flags: ["--proxy", bad], environment: {}, said: "--proxy names no proxy" },
    { flags: ["--proxy", "geheim p.example"], environment: {}, said: "--proxy names no proxy" },
    { flags: ["--proxy", ""], environment: {}, said: "--proxy names no proxy" },
    { flags: [], environment: { HTTPS_PROXY: bad }, said: "proxy in HTTPS_PROXY" },
    { flags: ["--plain-http"], environment: { http_proxy: bad }, said: "proxy in HTTP_PROXY" },
  ])("a proxy that cannot be one is refused at once, in all commands ($flags, $environment)", async (given) => {
    const { flags, environment, said } = given;
    const folder = await mkdtemp(join(tmpdir(), "imagesync-proxy-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const entry = "  - {source: r.example/app:1, destination: r.example/b:1}\n";
    const file = join(folder, "images.yaml");
    await writeFile(file, `version: 1\nimages:\n${entry}${entry.replace("b:1", "c:1")}`);
    for (const command of [
      ["copy", "r.example/app:1", "r.example/b:1"],
      ["digest", "r.example/app:1"],
      ["doctor", "r.example"],
      ["sync", "-c", file],
      ["plan", "-c", file],
    ]) {
      const { code, stdout, stderr } = await invoke([...command, ...flags], { environment });
      expect({ command, code, stdout }).toEqual({ command, code: 64, stdout: "" });
      expect(stderr.split("\n").filter((line) => line.includes("proxy"))).toHaveLength(1);
      expect(stderr).toContain(said);
      expect(stderr).not.toContain("geheim");
    }
  });

  test("a variable for other addresses than those that are asked may hold anything", async () => {
    const { copy } = await ends();
    expect(await copy()).toMatchObject({ code: 0 });
    const { source, destination } = await ends();
    const words = ["copy", `${source.host}/app:1`, `${destination.host}/mirror/app:1`, "--plain-http"];
    expect(await invoke(words, { environment: { HTTPS_PROXY: bad, HTTP_PROXY: bad } })).toMatchObject({ code: 0 });
  });

  test("leads through a proxy", async () => {
    const { copy } = await ends();
    const { code, stderr } = await copy("--proxy", "http://user:geheim@127.0.0.1:1", "--retry-times", "1");
    expect(code).toBe(1);
    expect(stderr).toContain("proxy");
    expect(stderr).not.toContain("geheim");
  });

  test.each([
    ["--max-bandwidth", "50", "as 50MiB"],
    ["--src-vendor", "gitea", "harbor"],
    ["--retry-times", "-1", "whole number"],
    ["--retry-delay", "2", "500ms, 2s or 1m"],
    ["--jobs", "none", "whole number"],
  ])("%s %s is refused with what is possible", async (flag, value, possible) => {
    const { copy, destination } = await ends();
    const { code, stderr } = await copy(flag, value);
    expect({ code, requests: destination.requests.length }).toEqual({ code: 64, requests: 0 });
    expect(stderr).toContain(possible);
  });

  test.each([
    [["--max-bandwidth", "100MiB"]],
    [["--src-vendor", "distribution", "--dest-vendor", "distribution"]],
    [["--jobs", "1"]],
  ])("%j", async (flags) => {
    const { copy, destination } = await ends();
    expect(await copy(...flags)).toMatchObject({ code: 0 });
    expect(await digestAt(destination, "1")).toBe(image.digest);
  });

  test.each([
    ["--no-clobber", "--on-conflict", "fail"],
    ["--no-referrers", "--artifact-type", "x/y"],
  ])("%s contradicts %s %s", async (...flags) => {
    const { copy } = await ends();
    expect(await copy(...flags)).toMatchObject({ code: 64 });
  });
});
