import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { buildPlatformIndex, fetchTree, push, treeOf } from "../support/images/index.ts";
import { basicAuthorization, makeCertificates, testLogin } from "../support/registries/index.ts";
import { invoke } from "./invoke.ts";

const image = buildPlatformIndex({ seed: "copy command", layers: [10_000, 2000] });
const users = { [testLogin.user]: testLogin.password };
const login = `${testLogin.user}:${testLogin.password}`;

let source: RunningRegistry;
let destination: RunningRegistry;
const opened: RunningRegistry[] = [];

async function open(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  opened.push(registry);
  return registry;
}

beforeEach(async () => {
  source = await open();
  destination = await open();
  await push(image, { host: source.host, repository: "app", tag: "1.0" });
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((registry) => registry.close()));
});

const from = (tag = "1.0"): string => `${source.host}/app:${tag}`;
const to = (tag = "1.0"): string => `${destination.host}/mirror/app:${tag}`;

function written(registry: RunningRegistry): string[] {
  return registry.requests.filter(({ method }) => !/^(?:GET|HEAD)$/.test(method)).map(({ method }) => method);
}

describe("the result", () => {
  test("is the pinned destination, alone on stdout, and every byte is there", async () => {
    const { code, stdout, stderr } = await invoke(["copy", from(), to(), "--plain-http"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${destination.host}/mirror/app@${image.digest}\n` });
    expect(stderr).toContain(`manifest ${image.digest.slice(0, 19)} put as 1.0`);
    expect(stderr).toContain("15 blobs copied");
    expect(await fetchTree({ host: destination.host }, "mirror/app", "1.0")).toEqual(treeOf(image));
  });

  test.each([
    { flags: ["--no-referrers"], requests: 2, why: "a look at each side" },
    { flags: [], requests: 4, why: "and the two lists of what belongs to the image" },
  ])("is the same when there is nothing to do, for $requests requests: $why", async ({ flags, requests }) => {
    await invoke(["copy", from(), to(), "--plain-http"]);
    destination.resetCounts();
    source.resetCounts();
    const { code, stdout, stderr } = await invoke(["copy", from(), to(), "--plain-http", ...flags]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${destination.host}/mirror/app@${image.digest}\n` });
    expect(stderr).toContain(`Nothing to do: it is in place (${requests} requests, `);
    expect(source.requests.length + destination.requests.length).toBe(requests);
  });

  test("is JSON on request", async () => {
    source.resetCounts();
    const { stdout } = await invoke(["copy", from(), to(), "--plain-http", "--output", "json"]);
    expect(JSON.parse(stdout)).toEqual({
      reference: `${destination.host}/mirror/app@${image.digest}`,
      destination: to(),
      digest: image.digest,
      action: "copy",
      outcome: "done",
      bytes: expect.any(Number),
      blobs: { copied: 15, mounted: 0, present: 0 },
      requests: source.requests.length + destination.requests.length,
      durationMs: expect.any(Number),
    });
  });

  test("is all there is with --quiet", async () => {
    const { stdout, stderr } = await invoke(["copy", from(), to(), "--plain-http", "-q"]);
    expect({ stdout, stderr }).toEqual({ stdout: `${destination.host}/mirror/app@${image.digest}\n`, stderr: "" });
  });
});

describe("a dry run", () => {
  test("says what would be done and writes nothing", async () => {
    const { code, stdout } = await invoke(["copy", from(), to(), "--plain-http", "--dry-run"]);
    expect(code).toBe(0);
    const said = `copy ${from()}@${image.digest} -> ${to()}: the destination does not have it, at most `;
    expect(stdout.startsWith(said)).toBe(true);
    expect(stdout.slice(said.length)).toMatch(/^\d+\.\d kB\n$/);
    expect(written(destination)).toEqual([]);
  });

  test("as JSON names digest, action and bytes", async () => {
    const { stdout } = await invoke(["copy", from(), to(), "--plain-http", "-n", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ action: "copy", digest: image.digest, destination: to() });
  });
});

describe("platforms", () => {
  test("are chosen by commas and by repeating the flag", async () => {
    const flags = ["--platform", "linux/amd64,linux/arm64", "--platform", "linux/s390x"];
    const { code, stdout } = await invoke(["copy", from(), to(), "--plain-http", ...flags]);
    expect(code).toBe(0);
    expect(stdout).not.toContain(image.digest);
    const { manifests } = await fetchTree({ host: destination.host }, "mirror/app", "1.0");
    expect(Object.keys(manifests)).toHaveLength(4);
  });

  test("that are required and missing stop everything before the first write", async () => {
    const required = ["--required-platform", "linux/amd64,plan9/mips"];
    const { code, stderr } = await invoke(["copy", from(), to(), "--plain-http", ...required]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: .*does not offer plan9\/mips; it offers linux\/amd64, .*\n {2}\S/);
    expect(written(destination)).toEqual([]);
  });
});

describe("the exit code", () => {
  test("is 3 when the source does not exist", async () => {
    const { code, stdout, stderr } = await invoke(["copy", from("none"), to(), "--plain-http"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/^Error: .*app:none.*\n {2}\S.*\n$/);
  });

  test("is 4 when the destination names another digest", async () => {
    const other = `${destination.host}/mirror/app@sha256:${"0".repeat(64)}`;
    const { code } = await invoke(["copy", from(), other, "--plain-http"]);
    expect(code).toBe(4);
  });

  test("is 1 when the destination refuses", async () => {
    const closed = await open({ readOnly: true });
    const { code, stderr } = await invoke(["copy", from(), `${closed.host}/app:1`, "--plain-http", "-q"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: /);
  });

  test("is 130 after a stop in mid-blob, and no tag is left", async () => {
    const controller = new AbortController();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    source.intercept = ({ method, kind }) => {
      if (method !== "GET" || kind !== "blob") return undefined;
      controller.abort();
      return { until: released };
    };
    const { code, stdout, stderr } = await invoke(["copy", from(), to(), "--plain-http"], {
      signal: controller.signal,
    });
    release();
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).toMatch(/Error: .*stopped\n$/);
    expect(destination.requests.filter(({ kind, method }) => kind === "manifest" && method === "PUT")).toEqual([]);
  });
});

describe("logins", () => {
  async function closedRegistries(): Promise<{ from: string; to: string; headers: Record<string, string> }> {
    const closed = await open({ auth: { kind: "basic", users } });
    const headers = { authorization: basicAuthorization() };
    await push(image, { host: closed.host, repository: "app", tag: "1.0", headers });
    const target = await open({ auth: { kind: "token", users } });
    return { from: `${closed.host}/app:1.0`, to: `${target.host}/app:1.0`, headers };
  }

  test("come from --src-creds and --dest-creds", async () => {
    const ends = await closedRegistries();
    const flags = ["--plain-http", "--src-creds", login, "--dest-creds", login];
    const { code, stderr } = await invoke(["copy", ends.from, ends.to, ...flags]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining(testLogin.password) as string });
  });

  test("come from the file that --authfile names", async () => {
    const ends = await closedRegistries();
    const directory = await mkdtemp(join(tmpdir(), "imagesync-copy-"));
    try {
      const auth = Buffer.from(login).toString("base64");
      const auths = Object.fromEntries([ends.from, ends.to].map((end) => [end.slice(0, end.indexOf("/")), { auth }]));
      await writeFile(join(directory, "auth.json"), JSON.stringify({ auths }));
      const flags = ["--plain-http", "--authfile", join(directory, "auth.json")];
      expect(await invoke(["copy", ends.from, ends.to, ...flags])).toMatchObject({ code: 0 });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("that are missing or wrong are an error that repeats no password", async () => {
    const ends = await closedRegistries();
    expect(await invoke(["copy", ends.from, ends.to, "--plain-http"])).toMatchObject({ code: 1 });
    const wrong = ["--src-creds", `${testLogin.user}:canary-secret`];
    const { code, stdout, stderr } = await invoke(["copy", ends.from, ends.to, "--plain-http", ...wrong]);
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).not.toContain("canary-secret");
  });
});

describe("over TLS", () => {
  test("plain HTTP can be asked for at one end, the other keeps TLS", async () => {
    const { cert, key, ca } = await makeCertificates();
    const secure = await open({ tls: { cert, key } });
    const directory = await mkdtemp(join(tmpdir(), "imagesync-copy-"));
    const file = join(directory, "ca.pem");
    try {
      await writeFile(file, ca);
      const there = [from(), `${secure.host}/mirror/app:1.0`, "--ca-file", file];
      expect(await invoke(["copy", ...there, "--src-plain-http"])).toMatchObject({ code: 0 });
      expect(await invoke(["copy", ...there, "--plain-http"])).toMatchObject({ code: 1 });
      const back = [`${secure.host}/mirror/app:1.0`, to("back"), "--ca-file", file];
      expect(await invoke(["copy", ...back, "--dest-plain-http"])).toMatchObject({ code: 0 });
      expect(await invoke(["copy", ...back, "--src-plain-http"])).toMatchObject({ code: 1 });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("a registry with a certificate of its own needs --ca-file or --insecure-skip-tls-verify", async () => {
    const { ca, cert, key } = await makeCertificates();
    const secure = await open({ tls: { cert, key } });
    await push(image, { host: secure.host, repository: "app", tag: "1.0", plainHttp: false, ca });
    const ends = [`${secure.host}/app:1.0`, `${secure.host}/copy:1.0`];
    const directory = await mkdtemp(join(tmpdir(), "imagesync-copy-"));
    try {
      const file = join(directory, "ca.pem");
      await writeFile(file, ca);
      expect(await invoke(["copy", ...ends])).toMatchObject({ code: 1 });
      expect(await invoke(["copy", ...ends, "--ca-file", file])).toMatchObject({ code: 0 });
      expect(await invoke(["copy", ...ends, "--insecure-skip-tls-verify"])).toMatchObject({ code: 0 });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
