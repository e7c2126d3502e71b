import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { parseAddressPrefix } from "../credentials/address-prefix.ts";

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
  /** PEM text of the certificate that we show. */
  readonly clientCertificate?: string | undefined;
  /** PEM text of the key of `clientCertificate`. */
  readonly clientKey?: string | undefined;
  /** Sent with every request to this registry, and to no other host. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Requests at the same time; uploads that stream from another request come on top. @default 32 */
  readonly maxConnections?: number | undefined;
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
 * @throws `config` for an address that is no host, or that is configured twice.
 */
export function indexTransports(transports: readonly RegistryTransport[]): ReadonlyMap<string, RegistryTransport> {
  const index = new Map<string, RegistryTransport>();
  for (const transport of transports) {
    const prefix = parseAddressPrefix(transport.address);
    if (prefix === undefined || prefix.path !== "" || !URL.canParse(`https://${prefix.registry}`)) {
      throw invalid(transport.address, "is not a host", "Write it as host or host:port, without a path");
    }
    if (index.has(prefix.registry)) throw invalid(transport.address, "is configured twice", "Merge the two entries");
    const limit = transport.maxConnections ?? defaultMaxConnections;
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw invalid(transport.address, `cannot have ${limit} connections`, "Give at least one connection");
    }
    if ((transport.clientCertificate === undefined) !== (transport.clientKey === undefined)) {
      throw invalid(transport.address, "has only one of client certificate and client key", "Give both of them");
    }
    index.set(prefix.registry, transport);
  }
  return index;
}

function invalid(address: string, why: string, hint: string): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "configure a registry",
    message: `Invalid registry configuration: ${quote(address)} ${why}`,
    hint,
  });
}
