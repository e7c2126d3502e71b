import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../../cli/run.ts";
import { startRegistry } from "../../embedded-registry/index.ts";
import { buildImage, exchange, fetchTree, push, treeOf } from "../support/images/index.ts";
import { basicAuthorization, makeCertificates, testLogin } from "../support/registries/index.ts";
import { Capture, invoke } from "./invoke.ts";

const image = buildImage({ seed: "registry command", layers: [1000] });

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "imagesync-serve-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** Serves until `use` is done with the address that was printed; then the exit code. */
async function serving(flags: readonly string[], use: (url: string) => Promise<void>): Promise<number> {
  const controller = new AbortController();
  const stdout = new Capture();
  const stderr = new Capture();
  const printed = new Promise<string>((resolve) => {
    stdout.once("written", () => resolve(stdout.text));
  });
  const ended = run({
    arguments: ["registry", "serve", "--port", "0", ...flags],
    stdout,
    stderr,
    environment: {},
    signal: controller.signal,
  });
  try {
    const early = ended.then((code) => Promise.reject(new Error(`ended with ${code}: ${stderr.text}`)));
    await use((await Promise.race([printed, early])).trim());
  } finally {
    controller.abort();
  }
  return await ended;
}

const hostOf = (url: string): string => url.slice(url.indexOf("//") + 2);

test("the address is printed when it is ready, and a stop ends it with 0", async () => {
  const code = await serving([], async (url) => {
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await push(image, { host: hostOf(url), repository: "app", tag: "1" });
    expect(await fetchTree({ host: hostOf(url) }, "app", "1")).toEqual(treeOf(image));
  });
  expect(code).toBe(0);
});

test("what was pushed is there again when the same directory is served anew", async () => {
  await serving(["--directory", directory], (url) => push(image, { host: hostOf(url), repository: "app", tag: "1" }));
  const code = await serving(["--directory", directory], async (url) => {
    expect(await fetchTree({ host: hostOf(url) }, "app", "1")).toEqual(treeOf(image));
  });
  expect(code).toBe(0);
});

test("--htpasswd asks for one of the logins", async () => {
  const logins = ["--htpasswd", `${testLogin.user}:${testLogin.password}`, "--htpasswd", "other:word"];
  await serving(logins, async (url) => {
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await exchange({ host: hostOf(url), headers }, { method: "GET", target: "/v2/" })).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: basicAuthorization() })).toBe(200);
    expect(await status({ authorization: basicAuthorization({ user: "other", password: "word" }) })).toBe(200);
    expect(await status({ authorization: basicAuthorization({ user: "other", password: "wrong" }) })).toBe(401);
  });
});

test("--tls-cert and --tls-key serve HTTPS", async () => {
  const { ca, cert, key } = await makeCertificates();
  await writeFile(join(directory, "cert.pem"), cert);
  await writeFile(join(directory, "key.pem"), key);
  const files = ["--tls-cert", join(directory, "cert.pem"), "--tls-key", join(directory, "key.pem")];
  await serving(files, async (url) => {
    expect(url).toMatch(/^https:/);
    const endpoint = { host: hostOf(url), plainHttp: false, ca };
    expect((await exchange(endpoint, { method: "GET", target: "/v2/" })).status).toBe(200);
  });
});

test("a port in use is a sentence with a way out", async () => {
  const other = await startRegistry();
  try {
    const port = other.host.split(":")[1] ?? "";
    const { code, stdout, stderr } = await invoke(["registry", "serve", "--port", port]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toBe(
      `Error: Cannot serve a registry: 127.0.0.1:${port} is in use\n  Choose another port with --port, or 0 for any free one\n`,
    );
  } finally {
    await other.close();
  }
});

test.each([
  ["a directory that is a file", ["--directory", "package.json"]],
  ["a certificate that is none", ["--tls-cert", "package.json", "--tls-key", "package.json"]],
  ["files that do not exist", ["--tls-cert", "/nonexistent/a", "--tls-key", "/nonexistent/b"]],
  ["an address of another machine", ["--host", "192.0.2.1"]],
])("%s is refused in a sentence", async (_name, flags) => {
  const { code, stdout, stderr } = await invoke(["registry", "serve", "--port", "0", ...flags]);
  expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
  expect(stderr).toMatch(/^Error: Cannot serve a registry: .+\n {2}.+\n$/);
});
