import { describe, expect, test } from "vitest";
import type { HttpRequest } from "../../../engine/http/message.ts";
import { digestOf } from "../../../engine/oci/digest.ts";
import { type Script, type ScriptedServer, startServer } from "./scripted-server.ts";
import { bodyOf, testClient, type TestClient, type TestClientOptions } from "./test-client.ts";

const content = Buffer.from(
  JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] }),
);
const digest = digestOf(content);
const manifest = `/v2/library/app/manifests/${digest}`;
const blob = `/v2/library/app/blobs/${digest}`;

const good: Script = (_, response) =>
  response.writeHead(200, { "content-type": "application/vnd.oci.image.index.v1+json" }).end(content);
const answers =
  (status: number): Script =>
  (_, response) =>
    response.writeHead(status).end();

/** A clock that stands still until a test moves it. */
function stoppedClock(): { now: () => number; sleep: () => Promise<void>; pass: (ms: number) => void } {
  let now = 0;
  return { now: () => now, sleep: () => Promise.resolve(), pass: (ms) => (now += ms) };
}

function clientWith(
  registry: ScriptedServer,
  mirrors: readonly { readonly server: ScriptedServer; readonly path?: string }[],
  options: TestClientOptions = {},
): TestClient {
  const { registries = [], ...rest } = options;
  return testClient({
    plain: mirrors.map(({ server }) => server.host),
    registries: [
      {
        address: registry.host,
        plainHttp: true,
        mirrors: mirrors.map(({ server, path = "" }) => server.host + path),
      },
      ...registries,
    ],
    ...rest,
  });
}

const pull = (http: TestClient, registry: ScriptedServer, url: string, more: Partial<HttpRequest> = {}) =>
  http.send(registry.host, url, {
    mirrored: true,
    access: [{ repository: "library/app", actions: ["pull"] }],
    ...more,
  });

describe("content that is pulled", () => {
  test("comes from the mirror, below its path, and the registry is not asked", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer(good);
    await using http = clientWith(registry, [{ server: mirror, path: "/dockerhub" }]);
    expect(await bodyOf(await pull(http, registry, manifest))).toBe(content.toString());
    expect(await bodyOf(await pull(http, registry, blob, { kind: "blob" }))).toBe(content.toString());
    await pull(http, registry, "/v2/library/app/manifests/latest", { method: "HEAD" });
    expect(mirror.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET /v2/dockerhub/library/app/manifests/${digest}`,
      `GET /v2/dockerhub/library/app/blobs/${digest}`,
      "HEAD /v2/dockerhub/library/app/manifests/latest",
    ]);
    expect(registry.requests).toEqual([]);
  });

  test("is asked of the mirrors in their order", async () => {
    await using registry = await startServer(good);
    await using first = await startServer(answers(404));
    await using second = await startServer(good);
    await using third = await startServer(good);
    await using http = clientWith(registry, [{ server: first }, { server: second }, { server: third }]);
    expect((await pull(http, registry, manifest)).status).toBe(200);
    expect([first, second, third, registry].map(({ requests }) => requests.length)).toEqual([1, 1, 0, 0]);
  });

  test.each([401, 403, 404, 410, 429, 500, 502, 503, 504, 204, 302, 400])(
    "comes from the registry when the mirror answers %i, at once",
    async (status) => {
      await using registry = await startServer(good);
      await using mirror = await startServer(answers(status));
      await using http = clientWith(registry, [{ server: mirror }]);
      expect(await bodyOf(await pull(http, registry, manifest))).toBe(content.toString());
      expect([mirror.requests.length, registry.requests.length]).toEqual([1, 1]);
    },
  );

  test("comes from the registry when the mirror is not there, which is told once and left alone for a while", async () => {
    await using registry = await startServer(good);
    const mirror = await startServer(good);
    await mirror[Symbol.asyncDispose]();
    const clock = stoppedClock();
    await using http = clientWith(registry, [{ server: mirror }], { clock });
    for (let times = 0; times < 3; times += 1) await pull(http, registry, manifest);
    const warnings = (): number => http.events.filter(({ kind }) => kind === "warning").length;
    expect([registry.requests.length, warnings()]).toEqual([3, 1]);
    clock.pass(60_000);
    await pull(http, registry, manifest);
    expect([registry.requests.length, warnings()]).toEqual([4, 2]);
  });

  test("comes from the registry when the certificate of the mirror is not trusted", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer(good);
    // It speaks no TLS at all, and plain HTTP was not asked for.
    await using http = testClient({
      registries: [{ address: registry.host, plainHttp: true, mirrors: [mirror.host] }],
    });
    expect((await pull(http, registry, manifest)).status).toBe(200);
    expect(mirror.requests).toEqual([]);
  });

  test("comes from the mirror after all when the registry cannot be reached", async () => {
    const registry = await startServer(good);
    await registry[Symbol.asyncDispose]();
    let calls = 0;
    await using mirror = await startServer((request, response) => {
      calls += 1;
      return calls === 1 ? response.writeHead(503).end() : good(request, response);
    });
    await using http = clientWith(registry, [{ server: mirror }], { retry: { attempts: 2 } });
    expect(await bodyOf(await pull(http, registry, manifest))).toBe(content.toString());
  });

  test("that no mirror has fails with what each of them has said when the registry cannot be reached", async () => {
    const registry = await startServer(good);
    await registry[Symbol.asyncDispose]();
    await using first = await startServer(answers(404));
    await using second = await startServer(answers(503));
    await using http = clientWith(registry, [{ server: first }, { server: second, path: "/hub" }], {
      retry: { attempts: 2 },
    });
    await expect(pull(http, registry, manifest)).rejects.toMatchObject({
      code: "unavailable",
      hint: `No mirror of ${registry.host} gave it either: ${first.host} (status 404), ${second.host}/hub (status 503). Bring what is missing to one of them`,
    });
    // Who has said that it has nothing is not asked twice.
    expect([first.requests.length, second.requests.length]).toEqual([1, 3]);
  });

  test("that no mirror has keeps the hint of a registry whose name is wrong", async () => {
    await using mirror = await startServer(answers(404));
    await using http = testClient({
      registries: [{ address: "registry.example.com", mirrors: [`http://${mirror.host}`] }],
      lookup: (_name, _options, callback) =>
        callback(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }), ""),
    });
    await expect(http.send("registry.example.com", manifest, { mirrored: true, access: [] })).rejects.toMatchObject({
      code: "unavailable",
      hint: `No mirror of registry.example.com gave it either: http://${mirror.host} (status 404). Bring what is missing to one of them. If registry.example.com itself is to answer: Correct the name of the registry`,
    });
  });

  test("that nobody has fails with the answer of the registry", async () => {
    await using registry = await startServer(answers(404));
    await using mirror = await startServer(answers(500));
    await using http = clientWith(registry, [{ server: mirror }]);
    expect((await pull(http, registry, manifest)).status).toBe(404);
  });
});

describe("a mirror that sends other content", () => {
  const other: Script = (_, response) => response.end("other content, as long?!");

  test("of a manifest is found out before anybody sees it, and not asked for it again", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer(other);
    await using http = clientWith(registry, [{ server: mirror }]);
    for (let times = 0; times < 2; times += 1) {
      expect(await bodyOf(await pull(http, registry, manifest))).toBe(content.toString());
    }
    expect([mirror.requests.length, registry.requests.length]).toEqual([1, 2]);
  });

  test("under a tag is found out by the digest that it names itself", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer((_, response) =>
      response.writeHead(200, { "docker-content-digest": digest }).end("torn"),
    );
    await using http = clientWith(registry, [{ server: mirror }]);
    const answer = await pull(http, registry, "/v2/library/app/manifests/latest");
    expect(await bodyOf(answer)).toBe(content.toString());
  });

  test("of a blob fails that download, and the next one is made at the registry", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer(other);
    await using http = clientWith(registry, [{ server: mirror }]);
    const first = await pull(http, registry, blob, { kind: "blob" });
    await expect(bodyOf(first)).rejects.toMatchObject({ code: "digest-mismatch" });
    expect(await bodyOf(await pull(http, registry, blob, { kind: "blob" }))).toBe(content.toString());
    expect(mirror.requests).toHaveLength(1);
  });

  test("that breaks off again and again fails that download, and the next one is made at the registry", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer((_, response) =>
      response
        .writeHead(200, { "content-length": String(content.byteLength) })
        .write(content.subarray(0, 10), () => response.socket?.destroySoon()),
    );
    await using http = clientWith(registry, [{ server: mirror }], { retry: { attempts: 2 } });
    const request = { kind: "blob", expectedBytes: content.byteLength } as const;
    await expect(bodyOf(await pull(http, registry, blob, request))).rejects.toMatchObject({ code: "unavailable" });
    const asked = mirror.requests.length;
    expect(await bodyOf(await pull(http, registry, blob, request))).toBe(content.toString());
    expect(mirror.requests).toHaveLength(asked);
    expect(http.events).toContainEqual({
      kind: "warning",
      about: "mirror",
      message: expect.stringContaining(`The mirror ${mirror.host} of ${registry.host} is passed over`),
    });
  });

  test("that its reader gives up is no fault of the mirror", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer(good);
    await using http = clientWith(registry, [{ server: mirror }]);
    const { body } = await pull(http, registry, blob, { kind: "blob", expectedBytes: content.byteLength });
    body.destroy();
    expect(await bodyOf(await pull(http, registry, blob, { kind: "blob" }))).toBe(content.toString());
    expect(registry.requests).toEqual([]);
  });

  test("of another length is not even begun", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer((_, response) => response.end("short"));
    await using http = clientWith(registry, [{ server: mirror }]);
    const answer = await pull(http, registry, blob, { kind: "blob", expectedBytes: content.byteLength });
    expect(await bodyOf(answer)).toBe(content.toString());
  });
});

describe("what mirrors are not asked", () => {
  test.each<[string, string, Partial<HttpRequest>]>([
    ["what is not pulled by a copy", manifest, { mirrored: false }],
    ["lists of tags", "/v2/library/app/tags/list", {}],
    ["referrers", `/v2/library/app/referrers/${digest}`, {}],
    ["pushes", manifest, { method: "PUT" }],
    ["deletes", manifest, { method: "DELETE" }],
    ["uploads", "/v2/library/app/blobs/uploads/", { method: "POST" }],
  ])("%s", async (_, url, more) => {
    await using registry = await startServer(good);
    await using mirror = await startServer(good);
    await using http = clientWith(registry, [{ server: mirror }]);
    await pull(http, registry, url, more);
    expect([mirror.requests.length, registry.requests.length]).toEqual([0, 1]);
  });
});

test("a list of tags that the registry does not give says that mirrors are not asked for it", async () => {
  const registry = await startServer(good);
  await registry[Symbol.asyncDispose]();
  await using mirror = await startServer(good);
  await using http = clientWith(registry, [{ server: mirror, path: "/hub" }], { retry: { attempts: 1 } });
  await expect(pull(http, registry, "/v2/library/app/tags/list?n=1000")).rejects.toMatchObject({
    code: "unavailable",
    hint: expect.stringContaining(`write ${mirror.host}/hub in place of ${registry.host} in the source`),
  });
  expect(mirror.requests).toEqual([]);
});

describe("the scheme before the address of a mirror", () => {
  test("is the way in which it is asked", async () => {
    await using registry = await startServer(good);
    await using mirror = await startServer(good);
    await using http = testClient({
      registries: [{ address: registry.host, plainHttp: true, mirrors: [`http://${mirror.host}/hub`] }],
    });
    expect((await pull(http, registry, manifest)).status).toBe(200);
    expect(mirror.requests.map(({ url }) => url)).toEqual([`/v2/hub/library/app/manifests/${digest}`]);
    expect(registry.requests).toEqual([]);
  });

  test("may stand beside settings of the mirror's own that say the same", async () => {
    await using mirror = await startServer(good);
    await using http = testClient({
      plain: [mirror.host],
      registries: [{ address: "registry.example.com", mirrors: [`HTTP://${mirror.host}`] }],
    });
    const answer = await http.send("registry.example.com", manifest, { mirrored: true, access: [] });
    expect(answer.status).toBe(200);
  });

  test.each([
    ["http://127.0.0.1:5000/hub", false, "plain HTTP, and 127.0.0.1:5000 has settings of its own that ask for TLS"],
    ["https://127.0.0.1:5000", true, "TLS, and 127.0.0.1:5000 is set to plain HTTP"],
  ])("is refused where the mirror's own settings contradict it: %s", (mirror, plainHttp, why) => {
    const registries = [
      { address: "registry.example.com", mirrors: [mirror] },
      { address: "127.0.0.1:5000", plainHttp },
    ];
    expect(() => testClient({ registries })).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(why) }) as Error,
    );
  });
});

test("a mirror gets its own login and headers, and the registry's neither", async () => {
  await using registry = await startServer(answers(404));
  await using mirror = await startServer((request, response) =>
    request.headers.authorization === undefined
      ? response.writeHead(401, { "www-authenticate": 'Basic realm="mirror"' }).end()
      : good(request, response),
  );
  await using http = testClient({
    login: [
      { address: mirror.host, credential: { kind: "basic", username: "at-mirror", password: "mirror-pass" } },
      { address: registry.host, credential: { kind: "basic", username: "at-home", password: "home-pass" } },
    ],
    registries: [
      { address: registry.host, plainHttp: true, mirrors: [mirror.host], headers: { "x-home": "home-header" } },
      { address: mirror.host, plainHttp: true, headers: { "x-mirror": "mirror-header" } },
    ],
  });
  expect((await pull(http, registry, manifest)).status).toBe(200);
  expect(mirror.requests.at(-1)?.headers).toMatchObject({
    authorization: `Basic ${btoa("at-mirror:mirror-pass")}`,
    "x-mirror": "mirror-header",
  });
  expect(mirror.requests.at(-1)?.headers).not.toHaveProperty("x-home");
});

test("a mirror that refuses us is told once", async () => {
  await using registry = await startServer(good);
  await using mirror = await startServer(answers(403));
  await using http = clientWith(registry, [{ server: mirror }]);
  await pull(http, registry, manifest);
  await pull(http, registry, blob);
  const warnings = http.events.filter(({ kind }) => kind === "warning");
  expect(warnings).toEqual([
    { kind: "warning", about: "mirror", message: expect.stringContaining("does not let us in") },
  ]);
});

test("a stop is a stop, and no reason to go elsewhere", async () => {
  await using registry = await startServer(good);
  const stop = new AbortController();
  await using mirror = await startServer(() => stop.abort());
  await using http = clientWith(registry, [{ server: mirror }]);
  await expect(pull(http, registry, manifest, { signal: stop.signal })).rejects.toMatchObject({ code: "aborted" });
  expect(registry.requests).toEqual([]);
});
