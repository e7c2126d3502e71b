import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { checkFiles } from "../../provider-shim/check-files.ts";
import { Diagnostics, formatPath } from "../../provider-shim/protocol/diagnostics.ts";
import { objectValue, UNKNOWN, type Value } from "../../provider-shim/protocol/value.ts";
import { makeCertificates, type TestCertificates } from "../support/registries/certificates.ts";

let certificates: TestCertificates;
let other: TestCertificates;

beforeAll(async () => {
  [certificates, other] = await Promise.all([makeCertificates(), makeCertificates()]);
});

/** A directory with these files. */
async function directoryWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-provider-files-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return directory;
}

interface Blocks {
  readonly config_file?: Value;
  readonly registry_auth?: Readonly<Record<string, Value>>;
  readonly registry?: Readonly<Record<string, Value>>;
}

async function findings({ config_file = null, registry_auth, registry }: Blocks, home = "/nowhere"): Promise<string[]> {
  const diagnostics = new Diagnostics();
  const block = (fields: Readonly<Record<string, Value>> | undefined): Value[] =>
    fields === undefined ? [] : [objectValue({ address: "r.example", ...fields })];
  const config = objectValue({ config_file, registry_auth: block(registry_auth), registry: block(registry) });
  await checkFiles(config, { HOME: home }, diagnostics);
  return diagnostics.list.map(
    ({ severity, path, detail }) => `${severity} at ${formatPath(path ?? [])}: ${detail.split("\n")[0] ?? ""}`,
  );
}

describe("a file that the provider block names", () => {
  test.each<[string, (file: string) => Blocks, string]>([
    ["config_file", (file) => ({ config_file: file }), "config_file"],
    ["config_file of a login", (file) => ({ registry_auth: { config_file: file } }), "registry_auth[0].config_file"],
    ["ca_certificate_file", (file) => ({ registry: { ca_certificate_file: file } }), "registry[0].ca_certificate_file"],
  ])("is warned of at %s where it is missing, a directory, or something else", async (_, blocks, path) => {
    const directory = await directoryWith({ text: "hunter2", empty: "" });
    for (const name of ["missing", ".", "text", "empty"]) {
      const found = await findings(blocks(join(directory, name)));
      expect(found).toEqual([expect.stringMatching(/^warning at /)]);
      expect(found[0]).toContain(`warning at ${path}: Cannot `);
      expect(found[0]).not.toContain("hunter2");
    }
  });

  test("is no finding where it can be used, also by ~", async () => {
    const directory = await directoryWith({ "config.json": '{"auths":{}}', "ca.pem": certificates.ca });
    await chmod(join(directory, "ca.pem"), 0o600);
    const blocks = {
      config_file: "~/config.json",
      registry_auth: { config_file: join(directory, "config.json") },
      registry: { ca_certificate_file: "~/ca.pem" },
    };
    expect(await findings(blocks, directory)).toEqual([]);
  });

  test("is not looked for where another login or no encryption makes it of no use", async () => {
    const login = { config_file: "/nowhere/config.json", username: "robot", password: "pass" };
    const plain = { ca_certificate_file: "/nowhere/ca.pem", plain_http: true };
    expect(await findings({ registry_auth: login, registry: plain })).toEqual([]);
  });
});

describe("a certificate in the provider block", () => {
  const broken = "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n";

  test("that is none is an error at its attribute, without its text", async () => {
    const found = await findings({ registry: { ca_certificate: broken } });
    expect(found).toEqual([
      expect.stringMatching(/^error at registry\[0\]\.ca_certificate: Cannot use the certificates/),
    ]);
    expect(found[0]).not.toContain("hunter2");
  });

  test("that its key does not fit is an error at its attribute", async () => {
    const pair = { client_certificate: certificates.cert, client_key: other.key };
    expect(await findings({ registry: pair })).toEqual([
      expect.stringMatching(/^error at registry\[0\]\.client_certificate: Cannot use the certificates/),
    ]);
  });

  test("is no finding where it is one", async () => {
    const { ca, cert, key } = certificates;
    expect(await findings({ registry: { ca_certificate: ca, client_certificate: cert, client_key: key } })).toEqual([]);
  });
});

test.each<[string, Blocks]>([
  ["a file", { config_file: UNKNOWN, registry_auth: { config_file: UNKNOWN } }],
  ["a file of certificates", { registry: { ca_certificate_file: UNKNOWN, ca_certificate: UNKNOWN } }],
  ["half a pair", { registry: { client_certificate: "no certificate", client_key: UNKNOWN } }],
  ["an address", { registry: { address: UNKNOWN, ca_certificate: "no certificate" } }],
])("%s that is not known yet is passed over", async (_, blocks) => {
  expect(await findings(blocks)).toEqual([]);
});
