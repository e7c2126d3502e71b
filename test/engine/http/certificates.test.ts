import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { hostCertificates } from "../../../engine/http/certs-d.ts";
import { systemCertificates } from "../../../engine/http/system-certificates.ts";
import { makeCertificates } from "../../support/registries/certificates.ts";
import { requireTool } from "../../support/registries/tool.ts";
import { startServer } from "./scripted-server.ts";
import { bodyOf, testClient, type TestClientOptions } from "./test-client.ts";

type Pem = Awaited<ReturnType<typeof makeCertificates>>;

describe.skipIf(requireTool("openssl") === undefined)("certificates on this computer", () => {
  let pem: Pem;
  let other: Pem;
  /** Stands for `/`, and has a home in it. */
  let root: string;
  const ok = (_: unknown, response: { end: (text: string) => unknown }): unknown => response.end("ok");

  beforeAll(async () => {
    [pem, other] = await Promise.all([makeCertificates(), makeCertificates()]);
  });
  const roots: string[] = [];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "imagesync-certificates-"));
    roots.push(root);
  });
  afterAll(() => Promise.all(roots.map((path) => rm(path, { recursive: true }))));

  async function put(path: string, content: string): Promise<string> {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  /** What a registry with the certificate of `pem` answers; the code of the error when it is not trusted. */
  async function ask(
    options: (host: string) => TestClientOptions,
    prepare: (host: string) => Promise<unknown> = () => Promise.resolve(),
    requestCert = false,
  ): Promise<string> {
    const server = await startServer(ok, { tls: { ...pem, requestCert } });
    onTestFinished(() => server[Symbol.asyncDispose]());
    await prepare(server.host);
    await using http = testClient({ systemRoot: root, retry: { attempts: 1 }, ...options(server.host) });
    try {
      return await bodyOf(await http.send(server.host, "/v2/"));
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  test.each([
    ["Debian and Alpine", "etc/ssl/certs/ca-certificates.crt"],
    ["Fedora", "etc/pki/tls/certs/ca-bundle.crt"],
    ["SUSE", "etc/ssl/ca-bundle.pem"],
    ["RHEL", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
    ["Alpine", "etc/ssl/cert.pem"],
  ])("the bundle of %s is trusted", async (_, path) => {
    await put(path, `# a comment\n${other.ca}\n${pem.ca}`);
    expect(await ask(() => ({}))).toBe("ok");
  });

  test("SSL_CERT_FILE stands in for the bundle", async () => {
    await put("etc/ssl/certs/ca-certificates.crt", pem.ca);
    const SSL_CERT_FILE = await put("other.pem", other.ca);
    expect(await ask(() => ({ environment: { SSL_CERT_FILE } }))).toBe("tls");
  });

  test("a damaged bundle makes nothing worse", async () => {
    await put("etc/ssl/certs/ca-certificates.crt", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    expect(await ask((address) => ({ registries: [{ address, caCertificate: pem.ca }] }))).toBe("ok");
  });

  test.each([
    ["empty", "", "there is none in it"],
    ["no certificate", "Canary", "there is none in it"],
  ])("SSL_CERT_FILE that is %s is an error", async (_, content, why) => {
    const SSL_CERT_FILE = await put("ca.pem", content);
    await expect(systemCertificates({ environment: { SSL_CERT_FILE }, systemRoot: root })).rejects.toMatchObject({
      code: "tls",
      message: expect.stringContaining(why),
    });
  });

  test.each([
    "home/.config/containers/certs.d",
    "home/.config/docker/certs.d",
    "etc/containers/certs.d",
    "etc/docker/certs.d",
  ])("authorities in %s are trusted for their own registry only", async (place) => {
    const environment = (): TestClientOptions => ({ environment: { HOME: join(root, "home") } });
    expect(await ask(environment, (host) => put(`${place}/${host}/ca.crt`, pem.ca))).toBe("ok");
    expect(await ask(environment, () => put(`${place}/other.example/ca.crt`, pem.ca))).toBe("tls");
  });

  test("the client certificate in certs.d is shown", async () => {
    const prepare = async (host: string): Promise<void> => {
      await put(`etc/docker/certs.d/${host}/ca.crt`, pem.ca);
      await put(`etc/docker/certs.d/${host}/client.cert`, pem.cert);
      await put(`etc/docker/certs.d/${host}/client.key`, pem.key);
    };
    expect(await ask(() => ({}), prepare, true)).toBe("ok");
    expect(
      await ask(
        () => ({}),
        (host) => put(`etc/docker/certs.d/${host}/ca.crt`, pem.ca),
        true,
      ),
    ).not.toBe("ok");
  });

  test("the client certificate in certs.d is for the registry, not for the storage it points to", async () => {
    await using storage = await startServer(ok, { tls: { ...pem, requestCert: true } });
    await using server = await startServer((_, response) => response.writeHead(307, { location: storage.url }).end(), {
      tls: { ...pem, requestCert: true },
    });
    for (const [name, content] of Object.entries({ "ca.crt": pem.ca, "c.cert": pem.cert, "c.key": pem.key })) {
      await put(`etc/docker/certs.d/${server.host}/${name}`, content);
    }
    await using http = testClient({ systemRoot: root, retry: { attempts: 1 } });
    await expect(http.send(server.host, "/v2/")).rejects.toHaveProperty("code");
    expect([server.requests.length, storage.requests.length]).toEqual([1, 0]);
  });

  test("the first directory that exists counts, the user's before the system's", async () => {
    const environment = { HOME: join(root, "home") };
    await put("etc/docker/certs.d/r.example:5000/ca.crt", "docker");
    const find = (): ReturnType<typeof hostCertificates> =>
      hostCertificates(["r.example:5000"], { environment, systemRoot: root });
    expect((await find()).authorities).toEqual(["docker"]);
    await put("etc/containers/certs.d/r.example:5000/b.crt", "podman b");
    await put("etc/containers/certs.d/r.example:5000/a.crt", "podman a");
    expect((await find()).authorities).toEqual(["podman a", "podman b"]);
    await put("home/.config/containers/certs.d/r.example:5000/README", "nothing to see");
    expect(await find()).toEqual({ authorities: [], client: undefined });
  });

  test.each([
    ["client.cert", "client.key"],
    ["client.key", "client.cert"],
  ])("%s without %s is an error that says so", async (there, missing) => {
    await put(`etc/docker/certs.d/r.example/${there}`, "Canary");
    const found = hostCertificates(["r.example"], { environment: {}, systemRoot: root });
    await expect(found).rejects.toMatchObject({ code: "tls", message: expect.stringContaining(missing) });
  });

  test("a file in certs.d that holds no certificate is an error that does not repeat it", async () => {
    await using http = testClient({ systemRoot: root });
    await put("etc/docker/certs.d/r.example/ca.crt", "Canary");
    const error: unknown = await http.send("r.example", "/v2/").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "tls", message: expect.stringContaining("r.example") });
    expect(JSON.stringify(error) + String(error)).not.toContain("Canary");
  });

  test("ca_certificate_file is read, from the home directory too, and must exist", async () => {
    const environment = { HOME: root };
    await put("company.pem", pem.ca);
    for (const caCertificateFile of ["~/company.pem", join(root, "company.pem")]) {
      expect(await ask((address) => ({ environment, registries: [{ address, caCertificateFile }] }))).toBe("ok");
    }
    await using http = testClient({ registries: [{ address: "r.example", caCertificateFile: "/does/not/exist" }] });
    await expect(http.send("r.example", "/v2/")).rejects.toMatchObject({
      code: "tls",
      message: expect.stringMatching(/\/does\/not\/exist.*ENOENT/),
      hint: expect.stringContaining("ca_certificate_file"),
    });
  });

  test("nothing is read for a registry without encryption", async () => {
    await using server = await startServer(ok);
    await using http = testClient({ plain: [server.host], environment: { SSL_CERT_FILE: "/does/not/exist" } });
    expect(await bodyOf(await http.send(server.host, "/v2/"))).toBe("ok");
  });
});
