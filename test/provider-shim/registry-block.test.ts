import { expect, test } from "vitest";
import { Decimal } from "../../provider-shim/protocol/decimal.ts";
import { objectValue, UNKNOWN, type Value } from "../../provider-shim/protocol/value.ts";
import { registryBlock, registrySecretsIn, registryTransport } from "../../provider-shim/registry-block.ts";

const names = Object.keys(registryBlock.block.attributes);

test("every attribute of the block reaches the engine", () => {
  const values: Readonly<Record<string, Value>> = {
    address: "r.example:5000",
    plain_http: true,
    insecure_skip_verify: true,
    ca_certificate: "ca",
    ca_certificate_file: "/ca.pem",
    client_certificate: "certificate",
    client_key: "key",
    mirrors: ["a.example", "b.example/path"],
    headers: new Map([["x-a", "a"]]),
    proxy_url: "http://p.example",
    max_concurrent_requests: 8,
    requests_per_second: new Decimal("0.1"),
    vendor: "harbor",
    api_url: "https://api.example",
  };
  expect(Object.keys(values).toSorted()).toEqual(names.toSorted());
  expect(registryTransport(objectValue(values))).toEqual({
    address: "r.example:5000",
    plainHttp: true,
    insecureSkipVerify: true,
    caCertificate: "ca",
    caCertificateFile: "/ca.pem",
    clientCertificate: "certificate",
    clientKey: "key",
    mirrors: ["a.example", "b.example/path"],
    headers: { "x-a": "a" },
    proxyUrl: "http://p.example",
    maxConnections: 8,
    requestsPerSecond: 0.1,
    vendor: "harbor",
    apiUrl: "https://api.example",
  });
  expect(registrySecretsIn(objectValue(values)).toSorted()).toEqual(["a", "http://p.example", "key"]);
});

test.each<[string, Value]>([
  ["null", null],
  ["unknown", UNKNOWN],
])("attributes that are %s leave the defaults", (_, value) => {
  const block = objectValue({ ...Object.fromEntries(names.map((name) => [name, value])), address: "r.example" });
  const given = Object.entries(registryTransport(block) ?? {}).filter(([, setting]) => setting !== undefined);
  expect(Object.fromEntries(given)).toEqual({
    address: "r.example",
    plainHttp: false,
    insecureSkipVerify: false,
    headers: {},
  });
  expect(registryTransport(objectValue({ address: value }))).toBeUndefined();
});

test("0 requests in a second are no limit", () => {
  const transport = registryTransport(objectValue({ address: "r.example", requests_per_second: 0 }));
  expect(transport?.requestsPerSecond).toBeUndefined();
});
