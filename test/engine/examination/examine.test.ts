import { describe, expect, onTestFinished, test } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../../embedded-registry/index.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { basicAuthorization, makeCertificates, requireTool, testLogin } from "../../support/registries/index.ts";
import { startServer } from "../http/scripted-server.ts";
import { startProxy } from "../http/test-proxy.ts";
import { examined, outcomes, told } from "./examined.ts";

const users = { [testLogin.user]: testLogin.password };
const login = { kind: "basic", username: testLogin.user, password: testLogin.password } as const;
const wrong = { ...login, password: "canary-of-a-wrong-password" };

async function open(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** With an image in `team/app`. */
async function filled(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await open(options);
  const headers = options.auth === undefined ? {} : { headers: { authorization: basicAuthorization() } };
  await push(buildImage({ seed: "a", layers: [100] }), {
    host: registry.host,
    ...headers,
    repository: "team/app",
    tag: "1",
  });
  registry.resetCounts();
  return registry;
}

describe("a registry", () => {
  test("without a repository is asked four things at most, and for nothing to be written", async () => {
    const registry = await open({ auth: { kind: "token", users } });
    const found = await examined(registry.host, { login });
    expect(outcomes(found)).toEqual({
      dns: "ok",
      tls: "ok",
      api: "ok",
      family: "unknown",
      authentication: "ok",
      credential: "ok",
      login: "ok",
      "rate-limit": "unknown",
      clock: "ok",
    });
    expect(registry.requests.map(({ method, path }) => `${method} ${path.split("?")[0]}`)).toEqual([
      "GET /v2/",
      "GET /v2/",
      "GET /token",
      "GET /v2/",
    ]);
  });

  test("that lets everybody in needs no login, and says nothing about the one there is", async () => {
    const registry = await open();
    expect(told(await examined(registry.host), "login")).toContain("none is needed");
    const found = await examined(registry.host, { login });
    expect(outcomes(found)).toMatchObject({ login: "unknown" });
    expect(registry.requests.filter(({ path }) => path !== "/v2/")).toEqual([]);
  });

  test.each(["basic", "token"] as const)("refuses a wrong password (%s), which is not told", async (kind) => {
    const registry = await open({ auth: { kind, users } });
    const found = await examined(registry.host, { login: wrong });
    expect(outcomes(found)).toMatchObject({ api: "ok", authentication: "ok", credential: "ok", login: "failed" });
    expect(told(found, "login")).toMatch(/(?:401|refused).* \| .+/);
    expect(JSON.stringify(found)).not.toContain("canary");
  });

  test("that wants a login says where one would be looked for", async () => {
    const basic = await examined((await open({ auth: { kind: "basic", users } })).host);
    expect(outcomes(basic)).toMatchObject({ authentication: "ok", credential: "warning", login: "failed" });
    expect(told(basic, "login")).toContain("docker login");
    // With tokens, public repositories may be open all the same.
    const token = await examined((await open({ auth: { kind: "token", users } })).host);
    expect(outcomes(token)).toMatchObject({ credential: "warning", login: "unknown" });
  });

  test("is examined with the login for the repository, not that for the host", async () => {
    const registry = await filled({ auth: { kind: "basic", users } });
    const explicit = [
      { address: registry.host, credential: wrong },
      { address: `${registry.host}/team`, credential: login, origin: "the second entry" },
    ];
    const found = await examined(registry.host, { repository: "team/app", engine: { credentials: { explicit } } });
    expect(told(found, "credential")).toContain("user name and password from the second entry");
    expect(outcomes(found)).toMatchObject({ login: "ok", pull: "ok", push: "ok", delete: "ok" });
  });

  test("with a login that cannot be used fails there, and goes on where it can", async () => {
    const registry = await open({ auth: { kind: "basic", users } });
    const engine = { credentials: { configFile: "/nowhere/config.json" } };
    const found = await examined(registry.host, { engine, repository: "team/app" });
    expect(outcomes(found)).toMatchObject({ api: "ok", credential: "failed", login: "unknown", pull: "failed" });
    expect(told(found, "credential")).toContain("/nowhere/config.json");
  });
});

describe("a repository", () => {
  test("is tried out, and left as it was", async () => {
    const registry = await filled();
    const found = await examined(registry.host, { repository: "team/app" });
    expect(Object.values(outcomes(found))).not.toContain("failed");
    expect(registry.openUploads()).toBe(0);
    const list = await fetch(`${registry.url}/v2/team/app/tags/list`);
    expect(await list.json()).toEqual({ name: "team/app", tags: ["1"] });
  });

  test("that is not there is not asked for more, as a login for a push would make it at some", async () => {
    const scopes: string[] = [];
    const registry = await open({
      auth: { kind: "token", users },
      intercept: ({ path }) => {
        if (path.startsWith("/token")) scopes.push(new URL(path, "http://host").searchParams.get("scope") ?? "");
        return undefined;
      },
    });
    const found = await examined(registry.host, { repository: "team/none", login });
    expect(outcomes(found)).toMatchObject({ login: "ok", pull: "unknown", push: "unknown", delete: "unknown" });
    expect(scopes).not.toEqual([]);
    expect(scopes.filter((scope) => scope !== "repository:team/none:pull")).toEqual([]);
    expect(registry.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("is not written to when only reads are asked for", async () => {
    const registry = await filled();
    const found = await examined(registry.host, { repository: "team/app", readOnly: true });
    expect(outcomes(found)).toMatchObject({ pull: "ok", push: "unknown", mount: "unknown", delete: "unknown" });
    expect(outcomes(found)).toMatchObject({ "tag-delete": "unknown", referrers: "ok" });
    expect(registry.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
  });

  test("that may only be read fails for each thing that writes, with the right that is missing", async () => {
    const registry = await filled();
    registry.intercept = ({ method }) =>
      method === "GET" || method === "HEAD"
        ? undefined
        : { respond: { status: 403, body: '{"errors":[{"code":"DENIED","message":"no"}]}' } };
    const found = await examined(registry.host, { repository: "team/app" });
    expect(outcomes(found)).toMatchObject({ pull: "ok", push: "failed", delete: "failed", "tag-delete": "failed" });
    expect(told(found, "push")).toMatch(/DENIED.* \| .*push access/);
    expect(told(found, "delete")).toContain("the right to delete");
  });

  test("whose upload cannot be cancelled is told of", async () => {
    const registry = await filled();
    registry.intercept = ({ method, kind }) =>
      method === "DELETE" && kind === "upload" ? { respond: { status: 405 } } : undefined;
    expect(outcomes(await examined(registry.host, { repository: "team/app" }))).toMatchObject({ push: "warning" });
  });

  test("that refuses mounts is told of, and the upload for the refused one is given back", async () => {
    const registry = await filled();
    registry.intercept = ({ path }) => (path.includes("mount=") ? { respond: { status: 405 } } : undefined);
    const found = await examined(registry.host, { repository: "team/app" });
    expect(told(found, "mount")).toContain("refused with status 405");
    expect(registry.openUploads()).toBe(0);
  });
});

describe.skipIf(requireTool("openssl") === undefined)("a registry with TLS", () => {
  test("is told by protocol, signer and last day, as far as it is trusted", async () => {
    const pem = await makeCertificates();
    const registry = await open({ tls: pem });
    const trusted = { plainHttp: false, caCertificate: pem.ca };
    const found = await examined(registry.host, { transport: trusted });
    // Certificates of the tests last for two days.
    expect(told(found, "tls")).toMatch(
      /^TLSv1\.[23], certificate signed by test authority, valid until \d{4}-\d\d-\d\d \| .*new certificate/,
    );
    const future = { transport: trusted, now: () => Date.now() - 30 * 24 * 3600 * 1000 };
    expect(outcomes(await examined(registry.host, future))).toMatchObject({ tls: "ok", api: "ok" });
  });

  test("that nobody vouches for fails, and shows who signed it", async () => {
    const registry = await open({ tls: await makeCertificates() });
    const found = await examined(registry.host, { transport: { plainHttp: false } });
    expect(outcomes(found)).toMatchObject({ dns: "ok", tls: "failed", api: "failed", authentication: "unknown" });
    expect(told(found, "tls")).toMatch(/unknown authority.*signed by test authority.* \| .*--ca-file/);
    const unverified = { plainHttp: false, insecureSkipVerify: true };
    expect(outcomes(await examined(registry.host, { transport: unverified }))).toMatchObject({
      tls: "warning",
      api: "ok",
    });
  });

  test("behind a name that is not in the certificate fails by that", async () => {
    const pem = await makeCertificates();
    const registry = await open({ tls: pem });
    const port = registry.host.split(":")[1] ?? "";
    const transport = { address: `other.example:${port}`, plainHttp: false, caCertificate: pem.ca };
    const found = await examined(transport.address, {
      transport,
      engine: {
        registries: [transport],
        lookup: (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
      },
    });
    expect(told(found, "dns")).toContain("other.example is at 127.0.0.1");
    expect(told(found, "tls")).toContain("its certificate is for another name");
  });

  test("that speaks plain HTTP, and the other way round, fail with the setting that is wrong", async () => {
    const plain = await open();
    expect(told(await examined(plain.host, { transport: { plainHttp: false } }), "tls")).toContain("--plain-http");
    const encrypted = await open({ tls: await makeCertificates() });
    const found = await examined(encrypted.host);
    expect(outcomes(found)).toMatchObject({ api: "failed" });
    expect(told(found, "api")).toMatch(/\| .+/);
  });
});

describe.skipIf(requireTool("openssl") === undefined)("a registry behind a proxy", () => {
  test("has its name resolved by the proxy, and its certificate looked at through it", async () => {
    const pem = await makeCertificates();
    const registry = await open({ tls: pem });
    await using proxy = await startProxy();
    const transport = { plainHttp: false, caCertificate: pem.ca, proxyUrl: `http://${proxy.host}` };
    const found = await examined(registry.host, { transport });
    expect(told(found, "dns")).toContain(`by the proxy ${proxy.host}`);
    expect(told(found, "tls")).toContain("signed by test authority");
    expect(outcomes(found)).toMatchObject({ dns: "unknown", api: "ok" });
    expect(new Set(proxy.lines)).toEqual(new Set([`CONNECT ${registry.host}`]));
  });

  test("that wants a login fails by that, and the one it refuses is not told", async () => {
    const registry = await open({ tls: await makeCertificates() });
    await using proxy = await startProxy({ login: "me:right" });
    const transport = { plainHttp: false, proxyUrl: `http://me:canary-of-a-login@${proxy.host}` };
    const found = await examined(registry.host, { transport });
    expect(outcomes(found)).toMatchObject({ tls: "failed", api: "failed" });
    expect(told(found, "tls")).toContain("407");
    expect(JSON.stringify(found)).not.toContain("canary");
  });
});

describe("what else a registry tells", () => {
  test.each([
    [0, "ok", ""],
    [-50, "ok", "s apart"],
    [-600, "warning", "10 min behind"],
    [7300, "warning", "2 h ahead of"],
  ])("its clock %d s off is %s", async (seconds, outcome, words) => {
    const registry = await open();
    const date = new Date(Date.now() + seconds * 1000).toUTCString();
    registry.intercept = () => ({ headers: { Date: date } });
    const found = await examined(registry.host);
    expect(outcomes(found)["clock"]).toBe(outcome);
    expect(told(found, "clock")).toContain(words);
  });

  test.each([
    ["76", "ok", "76 of 100 requests left in 6 h"],
    ["3", "warning", "3 of 100 requests left in 6 h"],
  ])(
    "a limit with %s requests left is %s, and was asked for without counting as a pull",
    async (left, outcome, text) => {
      const registry = await filled();
      const limits = { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": `${left};w=21600` };
      registry.intercept = ({ kind }) => (kind === "manifest" ? { headers: limits } : undefined);
      const found = await examined(registry.host, { repository: "team/app" });
      expect(outcomes(found)["rate-limit"]).toBe(outcome);
      expect(told(found, "rate-limit")).toContain(text);
      expect(registry.counts()["GET manifest"]).toBeUndefined();
    },
  );

  test("429 fails at once, with how long it lasts", async () => {
    await using server = await startServer((_request, response) => {
      response.writeHead(429, { "retry-after": "3600" }).end();
    });
    const found = await examined(server.host, { repository: "team/app" });
    expect(outcomes(found)).toMatchObject({ api: "failed", "rate-limit": "failed" });
    expect(told(found, "rate-limit")).toContain("60 min");
    expect(server.requests).toHaveLength(1);
  });

  test("Harbor is known by its challenge", async () => {
    await using server = await startServer((_request, response) => {
      const challenge = `Bearer realm="http://127.0.0.1:1/service/token",service="harbor-registry"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    expect(told(await examined(server.host), "family")).toContain("harbor, by what it calls itself");
  });
});
