import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCertificates } from "../../support/registries/certificates.ts";
import { requireTool } from "../../support/registries/tool.ts";
import { startServer } from "./scripted-server.ts";
import { bodyOf, testClient } from "./test-client.ts";

describe.skipIf(requireTool("openssl") === undefined)("TLS", () => {
  let pem: Awaited<ReturnType<typeof makeCertificates>>;
  let other: Awaited<ReturnType<typeof makeCertificates>>;
  let directory: string;
  const ok = (_: unknown, response: { end: (text: string) => unknown }): unknown => response.end("ok");

  beforeAll(async () => {
    [pem, other] = await Promise.all([makeCertificates(), makeCertificates()]);
    directory = await mkdtemp(join(tmpdir(), "imagesync-tls-"));
    await writeFile(join(directory, "ca.pem"), pem.ca);
    await writeFile(join(directory, "README"), "no certificate");
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("an unknown authority is refused, with the way to make it known", async () => {
    await using server = await startServer(ok, { tls: pem });
    await using http = testClient();
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({
      code: "tls",
      attempts: 1,
      hint: expect.stringMatching(/ca_certificate.*insecure_skip_verify/),
    });
    expect(server.requests).toHaveLength(0);
  });

  test("the authority may be given as text, by SSL_CERT_FILE or in SSL_CERT_DIR", async () => {
    await using server = await startServer(ok, { tls: pem });
    for (const options of [
      { registries: [{ address: server.host, caCertificate: pem.ca }] },
      { environment: { SSL_CERT_FILE: join(directory, "ca.pem") } },
      { environment: { SSL_CERT_DIR: `/does/not/exist:${directory}` } },
      { registries: [{ address: server.host, insecureSkipVerify: true }] },
    ]) {
      await using http = testClient(options);
      expect(await bodyOf(await http.send(server.host, "/v2/"))).toBe("ok");
    }
  });

  test("the authority of another registry does not help", async () => {
    await using server = await startServer(ok, { tls: pem });
    await using http = testClient({ registries: [{ address: server.host, caCertificate: other.ca }] });
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "tls" });
  });

  test("a certificate for another name is refused", async () => {
    await using server = await startServer(ok, { tls: pem });
    const registry = `wrong.example:${server.port}`;
    await using http = testClient({
      registries: [{ address: registry, caCertificate: pem.ca }],
      lookup: (_, options, callback) =>
        options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4),
    });
    await expect(http.send(registry, "/v2/")).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining("another name"),
    });
  });

  test("a client certificate is shown where it is configured", async () => {
    await using server = await startServer(ok, { tls: { ...pem, requestCert: true } });
    const address = server.host;
    await using bare = testClient({ registries: [{ address, caCertificate: pem.ca }], retry: { attempts: 1 } });
    await expect(bare.send(server.host, "/v2/")).rejects.toHaveProperty("code");
    const shown = { address, caCertificate: pem.ca, clientCertificate: pem.cert, clientKey: pem.key };
    await using http = testClient({ registries: [shown] });
    expect(await bodyOf(await http.send(server.host, "/v2/"))).toBe("ok");
  });

  test("a registry that speaks plain HTTP is not spoken to in plain HTTP, but the way to allow it is told", async () => {
    await using server = await startServer(ok);
    await using http = testClient();
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({
      code: "tls",
      attempts: 1,
      hint: expect.stringContaining("--plain-http"),
    });
    expect(server.requests).toHaveLength(0);
  });

  test("a registry that speaks TLS is told from one that speaks plain HTTP the other way round too", async () => {
    await using server = await startServer(ok, { tls: pem });
    await using http = testClient({ plain: [server.host], retry: { attempts: 1 } });
    await expect(http.send(server.host, "/v2/")).rejects.toHaveProperty("code");
    expect(server.requests).toHaveLength(0);
  });

  test("a redirect from https to http is refused", async () => {
    await using plain = await startServer(ok);
    await using server = await startServer((_, response) => response.writeHead(307, { location: plain.url }).end(), {
      tls: pem,
    });
    await using http = testClient({
      plain: [plain.host],
      registries: [{ address: server.host, caCertificate: pem.ca }],
    });
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "redirect-refused" });
    await expect(http.send(server.host, `${plain.url}/upload`)).rejects.toMatchObject({
      code: "redirect-refused",
      hint: expect.stringContaining("X-Forwarded-Proto"),
    });
    expect(plain.requests).toHaveLength(0);
  });

  test("storage behind the registry is trusted by the registry's authority, and verified though the registry is not", async () => {
    await using storage = await startServer(ok, { tls: pem });
    await using server = await startServer((_, response) => response.writeHead(307, { location: storage.url }).end(), {
      tls: pem,
    });
    await using trusting = testClient({ registries: [{ address: server.host, caCertificate: pem.ca }] });
    expect(await bodyOf(await trusting.send(server.host, "/v2/"))).toBe("ok");
    await using careless = testClient({ registries: [{ address: server.host, insecureSkipVerify: true }] });
    await expect(careless.send(server.host, "/v2/")).rejects.toMatchObject({ code: "tls" });
  });

  test.each([
    [
      "text that is no certificate",
      () => ({
        registries: [
          { address: "r.example", caCertificate: "-----BEGIN CERTIFICATE-----\nCanary\n-----END CERTIFICATE-----" },
        ],
      }),
    ],
    [
      "a key that is none",
      () => ({ registries: [{ address: "r.example", clientCertificate: pem.cert, clientKey: "Canary" }] }),
    ],
    ["SSL_CERT_FILE that is missing", () => ({ environment: { SSL_CERT_FILE: "/does/not/exist" } })],
  ])("%s is an error that does not repeat it", async (_, options) => {
    await using http = testClient(options());
    const error: unknown = await http.send("r.example", "/v2/").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "tls" });
    expect(JSON.stringify(error) + String(error)).not.toContain("Canary");
  });

  test("HTTP/1.1 is spoken, whatever the server offers", async () => {
    const versions: string[] = [];
    await using server = await startServer(
      (request, response) => {
        versions.push(request.message.httpVersion);
        response.end();
      },
      { tls: pem },
    );
    await using http = testClient({ registries: [{ address: server.host, caCertificate: pem.ca }] });
    await http.send(server.host, "/v2/");
    expect(versions).toEqual(["1.1"]);
  });
});

describe("registry settings", () => {
  test.each([
    [{ address: "" }, "is not a host"],
    [{ address: "r.example/path" }, "is not a host"],
    [{ address: "r.example:99999" }, "is not a host"],
    [{ address: "r.example", maxConnections: 0 }, "0 connections"],
    [{ address: "r.example", clientKey: "x" }, "only one of"],
    [{ address: "r.example", requestsPerSecond: 0 }, "0 requests in a second"],
    [{ address: "r.example", requestsPerSecond: Number.NaN }, "NaN requests in a second"],
    [{ address: "r.example", proxyUrl: "socks5://p.example" }, "a proxy whose address"],
    [{ address: "r.example", apiUrl: "ftp://api.example" }, "an API whose address"],
    [{ address: "r.example", mirrors: ["m.example/UPPER"] }, "m.example/UPPER"],
    [{ address: "r.example", mirrors: [""] }, "which is no address"],
    [{ address: "r.example", mirrors: ["u:geheim@mirror"] }, 'a mirror "***@mirror", which is no address'],
    [{ address: "r.example", headers: { "two words": "x" } }, "is no name of a header"],
    [{ address: "r.example", headers: { Host: "x" } }, "is set by each request itself"],
    [{ address: "r.example", headers: { "x-a": "a\r\nx-b: b" } }, "characters that no header can have"],
    [{ address: "r.example", headers: { "x-a": "1", "X-A": "2" } }, "twice"],
  ])("%j are refused", (transport, message) => {
    expect(() => testClient({ registries: [transport] })).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(message) }),
    );
  });

  test("twice for one registry are refused, also in two spellings", () => {
    const registries = [{ address: "docker.io" }, { address: "https://index.docker.io/v1/" }];
    expect(() => testClient({ registries })).toThrow("configured twice");
  });
});
