import { isVendor, type RegistryTransport, vendors } from "../engine/index.ts";
import { Decimal } from "./protocol/decimal.ts";
import type { NestedBlock } from "./protocol/schema.ts";
import type { ObjectValue, Value } from "./protocol/value.ts";

/** Attributes of the block whose values must not be shown. */
const registrySecrets = ["client_key", "proxy_url"] as const;

/** The `registry` block. */
export const registryBlock: NestedBlock = {
  nesting: "list",
  block: {
    description:
      "How a registry is reached where HTTPS with the system's certificates and proxies is not enough, how often it may be asked, and what is asked in its place.",
    attributes: {
      address: {
        type: "string",
        required: true,
        description: "`host` or `host:port` of the registry, as references have it.",
      },
      plain_http: {
        type: "bool",
        optional: true,
        description: "Speak HTTP without encryption. It is never tried unless asked for. Defaults to `false`.",
      },
      insecure_skip_verify: {
        type: "bool",
        optional: true,
        description: "Accept any certificate. Defaults to `false`.",
      },
      ca_certificate: {
        type: "string",
        optional: true,
        description: "PEM text of certificates to trust besides the system's.",
      },
      ca_certificate_file: {
        type: "string",
        optional: true,
        description:
          "Path of a PEM file with certificates to trust besides the system's. Defaults to the `*.crt` files that docker and podman use for this address, in `certs.d`, which are trusted in any case.",
      },
      client_certificate: {
        type: "string",
        optional: true,
        description:
          "PEM text of the certificate to show, together with `client_key`. Defaults to the `*.cert` and `*.key` files that docker and podman use for this address, in `certs.d`.",
      },
      client_key: {
        type: "string",
        optional: true,
        sensitive: true,
        description: "PEM text of the key of `client_certificate`.",
      },
      mirrors: {
        type: ["list", "string"],
        optional: true,
        description:
          "Where to pull from before this registry is asked: `host`, `host:port` or `host/path`, in order, such as `mirror.internal/dockerhub`; with `http://` before it a mirror that speaks plain HTTP. A tag means what the first mirror that has it says. A mirror that lacks the content, refuses, fails or sends other content than its digest says is passed over; nothing is ever pushed to one, or deleted there. What belongs to an image, such as signatures, is asked of this registry, and while it cannot be reached of its mirrors, with a warning. Which tags there are is never asked of a mirror. Logins and further settings of a mirror are those of its own address. Defaults to none.",
      },
      headers: {
        type: ["map", "string"],
        optional: true,
        sensitive: true,
        description: "Headers to send with every request to this registry, and to no other host. Defaults to none.",
      },
      proxy_url: {
        type: "string",
        optional: true,
        sensitive: true,
        description:
          "The proxy for this registry and the hosts it points to, as `http://user:password@host:port`. Defaults to what `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.",
      },
      max_concurrent_requests: {
        type: "number",
        optional: true,
        description: "How many requests the registry gets at the same time. Defaults to `32`.",
      },
      requests_per_second: {
        type: "number",
        optional: true,
        description: "How many requests to the registry begin in a second; `0` is no limit. Defaults to `0`.",
      },
      vendor: {
        type: "string",
        optional: true,
        description: `Which family of registry this is, where its host name does not tell: ${vendors.map((name) => `\`${name}\``).join(", ")}. Defaults to what the host name and the answers tell.`,
      },
      api_url: {
        type: "string",
        optional: true,
        description:
          "The address of the vendor's own API, where it is not the well-known one, as of GitHub Enterprise. Defaults to the well-known one.",
      },
    },
  },
};

/** The settings of a block; undefined while its address is not known. What is unknown is taken for not given. */
export function registryTransport(block: ObjectValue): RegistryTransport | undefined {
  const address = text(block["address"]);
  if (address === undefined) return undefined;
  const requestsPerSecond = numberOf(block["requests_per_second"]);
  const vendor = text(block["vendor"]);
  return {
    address,
    plainHttp: block["plain_http"] === true,
    insecureSkipVerify: block["insecure_skip_verify"] === true,
    caCertificate: text(block["ca_certificate"]),
    caCertificateFile: text(block["ca_certificate_file"]),
    clientCertificate: text(block["client_certificate"]),
    clientKey: text(block["client_key"]),
    mirrors: Array.isArray(block["mirrors"]) ? block["mirrors"].filter((item) => typeof item === "string") : undefined,
    headers: Object.fromEntries(headersIn(block)),
    proxyUrl: text(block["proxy_url"]),
    maxConnections: numberOf(block["max_concurrent_requests"]),
    requestsPerSecond: requestsPerSecond === 0 ? undefined : requestsPerSecond,
    vendor: vendor !== undefined && isVendor(vendor) ? vendor : undefined,
    apiUrl: text(block["api_url"]),
  };
}

/** The headers of a block that are known. */
export function headersIn(block: ObjectValue): (readonly [string, string])[] {
  const headers = block["headers"];
  if (!(headers instanceof Map)) return [];
  return [...(headers as ReadonlyMap<string, Value>)].flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
}

/** Every secret of a block, known before the first line is logged. */
export function registrySecretsIn(block: ObjectValue): string[] {
  const single = registrySecrets.flatMap((name) => text(block[name]) ?? []);
  return [...single, ...headersIn(block).map(([, value]) => value)];
}

/** A number as a double; undefined for null and unknown ones. */
export function numberOf(value: Value | undefined): number | undefined {
  if (typeof value === "number") return value;
  return value instanceof Decimal ? value.toNumber() : undefined;
}

function text(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
