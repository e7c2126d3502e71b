import { parseAddressPrefix } from "../credentials/address-prefix.ts";
import { checkTransport, invalidTransport } from "./transport-check.ts";

/** The families of registries whose own APIs and habits are known; every other one is taken for a plain `distribution`. */
export const vendors = [
  "distribution",
  "docker-hub",
  "ghcr",
  "quay",
  "gar",
  "ecr",
  "ecr-public",
  "acr",
  "harbor",
  "gitlab",
  "artifactory",
  "nexus",
  "zot",
] as const;

/** Which family of registry an address is. */
export type Vendor = (typeof vendors)[number];

/** True for the name of a family in {@link vendors}. */
export function isVendor(name: string): name is Vendor {
  return (vendors as readonly string[]).includes(name);
}

/** How one registry is reached. Everything is optional; the zero value is https with the well-known certificates. */
export interface RegistryTransport {
  /** `host[:port]` as in references. */
  readonly address: string;
  /** Speak HTTP without encryption. @default false */
  readonly plainHttp?: boolean | undefined;
  /** Accept any certificate. @default false */
  readonly insecureSkipVerify?: boolean | undefined;
  /** PEM text of certificates that are trusted besides the well-known ones. */
  readonly caCertificate?: string | undefined;
  /** Path of a PEM file of the same; a leading `~/` is the home directory. It must exist once the registry is used. */
  readonly caCertificateFile?: string | undefined;
  /** PEM text of the certificate that we show. @default what `certs.d` has for the registry */
  readonly clientCertificate?: string | undefined;
  /** PEM text of the key of `clientCertificate`. */
  readonly clientKey?: string | undefined;
  /**
   * Where content is pulled from before the registry itself is asked: `host[:port][/path]`, in order. The path goes
   * before the name of the repository; `http://` before the host is `plainHttp` of that host. See mirrors.ts.
   */
  readonly mirrors?: readonly string[] | undefined;
  /** `http://[user:password@]host:port` of a proxy for this registry and the hosts it points to. @default the environment's */
  readonly proxyUrl?: string | undefined;
  /** Sent with every request to this registry, and to no other host. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Requests at the same time; uploads that stream from another request come on top. @default 32 */
  readonly maxConnections?: number | undefined;
  /** Requests begun in a second, evenly spread; may be less than 1. @default no limit */
  readonly requestsPerSecond?: number | undefined;
  /** Which family of registry this is, where the host name does not tell. @default told by host name and answers */
  readonly vendor?: Vendor | undefined;
  /** Address of the vendor's own API, where it is not the well-known one. @default the vendor's well-known one */
  readonly apiUrl?: string | undefined;
}

/** What is known of the family of one registry. */
export interface RegistryFamily extends Pick<RegistryTransport, "vendor" | "apiUrl"> {
  /** What it calls itself when it asks for a token. */
  readonly service?: string | undefined;
}

/** 32 fill a line of 20 ms round trips with the many small requests of a sync; more gain little. */
export const defaultMaxConnections = 32;

/**
 * The transports by canonical registry.
 * @throws `config` for an address that is no host, or that is configured twice, and what {@link checkTransport} refuses.
 */
export function indexTransports(transports: readonly RegistryTransport[]): ReadonlyMap<string, RegistryTransport> {
  const index = new Map<string, RegistryTransport>();
  for (const transport of transports) {
    const prefix = parseAddressPrefix(transport.address);
    if (prefix === undefined || prefix.path !== "" || !URL.canParse(`https://${prefix.registry}`)) {
      throw invalidTransport(transport.address, "is not a host", "Write it as host or host:port, without a path");
    }
    if (index.has(prefix.registry))
      throw invalidTransport(transport.address, "is configured twice", "Merge the two entries");
    checkTransport(transport);
    index.set(prefix.registry, transport);
  }
  return index;
}
