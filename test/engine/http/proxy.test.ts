import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type LookupFunction, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseProxy } from "../../../engine/http/proxy.ts";
import { makeCertificates } from "../../support/registries/certificates.ts";
import { requireTool } from "../../support/registries/tool.ts";
import { startServer } from "./scripted-server.ts";
import { bodyOf, testClient } from "./test-client.ts";
import { startProxy } from "./test-proxy.ts";

/** Resolves every name to this machine. */
const toLoopback: LookupFunction = (_, options, callback) =>
  options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);

/** A directory with files, gone at the end of the test. */
async function directoryWith(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "imagesync-proxy-"));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** A server that says the same to everybody, whatever it is asked, and then nothing. */
async function rawServer(answer: string): Promise<AsyncDisposable & { host: string; connected: Promise<unknown> }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.write(answer);
  });
  const connected = once(server, "connection");
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const ok = (_: unknown, response: { end: (text: string) => unknown }): unknown => response.end("ok");
const login = "robot:pass-Canary%";
const inUrl = "robot:pass-Canary%25";
const plain = { address: "r.example", plainHttp: true } as const;

describe("a registry without encryption", () => {
  test("is asked by its whole URL through HTTP_PROXY, with the login of the proxy, which the registry does not see", async () => {
    await using server = await startServer(ok);
    await using proxy = await startProxy({ login, names: { "r.example": server.host } });
    await using http = testClient({
      registries: [plain],
      environment: { HTTP_PROXY: `http://${inUrl}@${proxy.host}` },
    });
    expect(await bodyOf(await http.send("r.example", "/v2/?n=1"))).toBe("ok");
    expect(proxy.lines).toEqual(["GET http://r.example/v2/?n=1"]);
    expect(server.requests[0]?.headers).toMatchObject({ host: "r.example", "user-agent": "imagesync/test" });
    expect(server.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
  });

  test("keeps its connection to the proxy", async () => {
    await using server = await startServer(ok);
    await using proxy = await startServer((request, response) =>
      response.writeHead(200, { "x-asked": request.url }).end(),
    );
    await using http = testClient({ registries: [plain], environment: { http_proxy: proxy.host } });
    for (const path of ["/v2/a", "/v2/b", "/v2/c"]) {
      expect((await http.send("r.example", path)).headers.get("x-asked")).toBe(`http://r.example${path}`);
    }
    expect([proxy.connections(), server.connections()]).toEqual([1, 0]);
  });

  test("HTTPS_PROXY is not for it, and HTTP_PROXY not for the other ones", async () => {
    await using server = await startServer(ok);
    await using proxy = await startProxy();
    const lookup = toLoopback;
    const address = `r.example:${server.port}`;
    await using http = testClient({
      registries: [{ address, plainHttp: true }],
      environment: { HTTPS_PROXY: proxy.host },
      lookup,
    });
    expect(await bodyOf(await http.send(address, "/v2/"))).toBe("ok");
    await using other = testClient({ environment: { HTTP_PROXY: proxy.host }, lookup, retry: { attempts: 1 } });
    await expect(other.send(address, "/v2/")).rejects.toMatchObject({ code: "tls" });
    expect(proxy.lines).toEqual([]);
  });
});

describe.skipIf(requireTool("openssl") === undefined)("a registry with encryption", () => {
  test("is reached by CONNECT, and the proxy sees nothing but host and port", async () => {
    const pem = await makeCertificates();
    await using server = await startServer(ok, { tls: pem });
    await using proxy = await startProxy({ login, names: { localhost: server.host } });
    const address = `localhost:${server.port}`;
    const proxyUrl = `http://${inUrl}@${proxy.host}`;
    await using http = testClient({ registries: [{ address, caCertificate: pem.ca, proxyUrl }] });
    expect(await bodyOf(await http.send(address, "/v2/"))).toBe("ok");
    expect(await bodyOf(await http.send(address, "/v2/"))).toBe("ok");
    expect(proxy.lines).toEqual([`CONNECT ${address}`]);
    expect(server.requests).toHaveLength(2);
  });

  test("is not trusted because its proxy is", async () => {
    const [pem, other] = await Promise.all([makeCertificates(), makeCertificates()]);
    await using server = await startServer(ok, { tls: pem });
    await using proxy = await startProxy();
    const transport = { address: server.host, caCertificate: other.ca, proxyUrl: proxy.host };
    await using http = testClient({ registries: [transport] });
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "tls" });
    expect(server.requests).toEqual([]);
  });

  test("may have a proxy that is reached by TLS itself", async () => {
    const pem = await makeCertificates();
    await using server = await startServer(ok, { tls: pem });
    await using proxy = await startProxy({ tls: pem });
    await using directory = await directoryWith({ "ca.pem": pem.ca });
    await using http = testClient({
      registries: [{ address: server.host, proxyUrl: `https://${proxy.host}` }],
      environment: { SSL_CERT_FILE: join(directory.path, "ca.pem") },
    });
    expect(await bodyOf(await http.send(server.host, "/v2/"))).toBe("ok");
    expect(proxy.lines).toEqual([`CONNECT ${server.host}`]);
  });
});

describe("a proxy that does not do its part", () => {
  const cases = [
    [407, { code: "unauthorized", attempts: 1, hint: expect.stringContaining("user and password before the host") }],
    [403, { code: "denied", attempts: 1, hint: expect.stringContaining("NO_PROXY") }],
    [503, { code: "unavailable", attempts: 2 }],
  ] as const;

  test.each(cases)("%i to CONNECT is explained, without the password", async (status, expected) => {
    await using proxy = await startProxy({ status });
    const environment = { HTTPS_PROXY: `http://${inUrl}@${proxy.host}` };
    await using http = testClient({ environment, retry: { attempts: 2 } });
    const error: unknown = await http.send("r.example", "/v2/").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ ...expected, message: expect.stringContaining("proxy") });
    expect(JSON.stringify(error) + String(error) + JSON.stringify(http.events)).not.toContain("Canary");
  });

  test("407 to a request that it should pass on is its own, not the registry's", async () => {
    await using proxy = await startProxy({ login: "somebody:else" });
    await using http = testClient({
      registries: [plain],
      environment: { HTTP_PROXY: `http://${inUrl}@${proxy.host}` },
    });
    await expect(http.send("r.example", "/v2/")).rejects.toMatchObject({
      code: "unauthorized",
      message: expect.stringContaining("the proxy on the way asks for a login"),
    });
  });

  test.each([plain, { address: "r.example" }])("one that is not there is named as such: %j", async (transport) => {
    const gone = await startServer(ok);
    await gone[Symbol.asyncDispose]();
    await using http = testClient({ registries: [{ ...transport, proxyUrl: gone.host }], retry: { attempts: 1 } });
    await expect(http.send("r.example", "/v2/")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("the proxy on the way cannot be reached"),
      cause: { message: expect.stringContaining(gone.host) },
    });
  });

  test.each([
    ["no HTTP", "SSH-2.0-Canary\r\n\r\n"],
    ["an endless answer", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}`],
  ])("%s is no proxy", async (_, answer) => {
    await using server = await rawServer(answer);
    await using http = testClient({
      registries: [{ address: "r.example", proxyUrl: server.host }],
      retry: { attempts: 1 },
    });
    await expect(http.send("r.example", "/v2/")).rejects.toMatchObject({ code: "unavailable" });
  });

  test("a stop does not wait for its answer", async () => {
    await using server = await rawServer("");
    await using http = testClient({ registries: [{ address: "r.example", proxyUrl: server.host }] });
    const stop = new AbortController();
    const sent = http.send("r.example", "/v2/", { signal: stop.signal });
    await server.connected;
    stop.abort();
    await expect(sent).rejects.toMatchObject({ code: "aborted" });
  });
});

test("this machine is never asked through the proxy of the environment, as in Go programs", async () => {
  await using server = await startServer(ok);
  await using proxy = await startProxy();
  await using http = testClient({ plain: [server.host], environment: { HTTP_PROXY: proxy.host } });
  expect(await bodyOf(await http.send(server.host, "/v2/"))).toBe("ok");
  expect(proxy.lines).toEqual([]);
});

test("a variable that holds no proxy is an error that does not repeat it", async () => {
  await using http = testClient({ environment: { HTTPS_PROXY: "socks5://robot:Canary@proxy.example" } });
  const error: unknown = await http.send("r.example", "/v2/").catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "config", message: expect.stringContaining("HTTPS_PROXY") });
  expect(JSON.stringify(error) + String(error)).not.toContain("Canary");
});

describe("the address of a proxy", () => {
  test.each<[string, string | undefined, string?]>([
    ["proxy.example:3128", "http://proxy.example:3128/"],
    ["http://proxy.example", "http://proxy.example/"],
    ["https://proxy.example:8443", "https://proxy.example:8443/"],
    ["http://u:p%40ss@proxy.example", "http://proxy.example/", "u:p@ss"],
    ["u:p@proxy.example:1", "http://proxy.example:1/", "u:p"],
    ["http://u:100%@proxy.example", "http://proxy.example/", "u:100%"],
    ["http://[::1]:3128", "http://[::1]:3128/"],
    ["", undefined],
    ["http://", undefined],
    ["socks5://proxy.example", undefined],
    ["http://proxy.example/path", undefined],
    ["http://proxy.example?q", undefined],
    ["http://proxy.example:99999", undefined],
  ])("%s", (text, url, withLogin) => {
    const proxy = parseProxy(text);
    expect(proxy?.url.href).toBe(url);
    expect(proxy?.authorization).toBe(withLogin === undefined ? undefined : `Basic ${btoa(withLogin)}`);
  });

  test("is read without an error whatever it is, and never shows its login", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { url } = parseProxy(text) ?? {};
        expect([url?.username ?? "", url?.password ?? ""]).toEqual(["", ""]);
      }),
    );
  });
});
