import { describe, expect, onTestFinished, test } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { buildImage, push } from "../support/images/index.ts";
import { basicAuthorization, testLogin } from "../support/registries/index.ts";
import { invoke, type Outcome } from "./invoke.ts";

const auth = { kind: "basic", users: { [testLogin.user]: testLogin.password } } as const;
const credentials = `${testLogin.user}:${testLogin.password}`;

async function open(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

const doctor = (registry: RunningRegistry, place: string, ...flags: readonly string[]): Promise<Outcome> =>
  invoke(["doctor", `${registry.host}${place}`, "--plain-http", ...flags]);

describe("imagesync doctor", () => {
  test("says in a line each what works, and ends with 0", async () => {
    const registry = await open();
    const { code, stdout, stderr } = await doctor(registry, "");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(lines).toContain("✓ API           /v2/ answers 200, API registry/2.0");
    expect(lines).toContain("✓ Clock         the same as here");
  });

  test("ends with 1 when something fails, with what to do about it below", async () => {
    const registry = await open({ auth });
    const { code, stdout } = await doctor(registry, "", "--creds", "mirror:a-wrong-canary");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ Accepted {6}\S.*401.*\n {16}\S/m);
    expect(stdout).not.toContain("canary");
  });

  test("tries out a repository with the login that is given", async () => {
    const registry = await open({ auth });
    const headers = { authorization: basicAuthorization() };
    await push(buildImage({ seed: "a", layers: [10] }), {
      host: registry.host,
      headers,
      repository: "team/app",
      tag: "1",
    });
    const { code, stdout } = await doctor(registry, "/team/app", "--creds", credentials);
    expect(stdout).toContain("✓ Login         user name and password from --creds");
    expect(stdout).toContain("✓ Push          allowed");
    expect(stdout).toContain("✓ Delete a tag  allowed, one by one");
    expect(stdout).not.toContain(testLogin.password);
    expect(code).toBe(0);
    const reads = await doctor(registry, "/team/app", "--creds", credentials, "--read-only");
    expect(reads.stdout).toContain("? Push          not asked");
  });

  test("prints one object for programs", async () => {
    const registry = await open();
    const { stdout } = await doctor(registry, "", "--output", "json");
    expect(stdout.endsWith("}\n")).toBe(true);
    const { checks, ...rest } = JSON.parse(stdout) as { checks: readonly { name: string; outcome: string }[] };
    expect(rest).toEqual({ registry: registry.host });
    expect(checks.map(({ name }) => name).slice(0, 3)).toEqual(["dns", "tls", "api"]);
  });

  test.each([
    ["", "does not start with a registry"],
    ["team/app", "does not start with a registry"],
    ["nginx", "does not start with a registry"],
    ["ghcr.io/a/b:1", "names an image"],
    [`ghcr.io/a/b@sha256:${"0".repeat(64)}`, "names an image"],
    ["https://ghcr.io", "starts with a scheme"],
    ["ghcr.io/UPPER", "Invalid"],
    ["-", "does not start with a registry"],
  ])("refuses %j before anything is asked", async (place, why) => {
    const { code, stdout, stderr } = await invoke(["doctor", place]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(why);
  });

  test("stopped ends with 130", async () => {
    const stop = new AbortController();
    const registry = await open();
    registry.intercept = () => {
      stop.abort();
      return undefined;
    };
    const { code } = await invoke(["doctor", registry.host, "--plain-http"], { signal: stop.signal });
    expect(code).toBe(130);
  });
});
