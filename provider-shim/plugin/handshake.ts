import type { ProtocolVersion } from "../protocol/wire.ts";

/** Proves that Terraform has started this process, and not a curious user. */
const cookieName = "TF_PLUGIN_MAGIC_COOKIE";
const cookieValue = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/** What Terraform asks of a plugin that it starts, or why there is nothing to serve. */
export type Handshake =
  | {
      readonly kind: "accepted";
      readonly protocol: ProtocolVersion;
      /** In PEM; present when Terraform wants mutual TLS, which it always does. */
      readonly clientCertificate: string | undefined;
    }
  | { readonly kind: "refused"; readonly explanation: string };

/** Reads Terraform's wishes from the environment. Of the protocols that both sides speak the highest is taken. */
export function readHandshake(environment: NodeJS.ProcessEnv): Handshake {
  if (environment[cookieName] !== cookieValue) {
    return {
      kind: "refused",
      explanation:
        "This binary is a Terraform provider plugin. It is not meant to be run by itself: Terraform starts it.\n" +
        "To use it, add the provider to a Terraform configuration and run `terraform init` and `terraform apply`.",
    };
  }
  const offered = (environment["PLUGIN_PROTOCOL_VERSIONS"] ?? "").split(",").map((version) => version.trim());
  // Terraform lists them in random order.
  const protocol = offered.includes("6") ? 6 : offered.includes("5") ? 5 : undefined;
  if (protocol === undefined) {
    return {
      kind: "refused",
      explanation:
        `This provider speaks the plugin protocols 5 and 6, and Terraform offers "${offered.join(",")}". ` +
        "Use Terraform 0.12 or later, or OpenTofu.",
    };
  }
  return { kind: "accepted", protocol, clientCertificate: environment["PLUGIN_CLIENT_CERT"] || undefined };
}

/** Where a plugin listens. */
export interface PluginAddress {
  readonly network: "unix" | "tcp";
  /** An absolute path, or host and port. */
  readonly address: string;
}

/**
 * The line that Terraform waits for on standard output; it must be the first output of the process. The certificate is
 * in base64 without padding, as Go's RawStdEncoding writes it.
 * https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md#handshake
 */
export function handshakeLine(
  protocol: ProtocolVersion,
  { network, address }: PluginAddress,
  certificate: Uint8Array | undefined,
): string {
  const encoded = Buffer.from(certificate ?? [])
    .toString("base64")
    .replace(/=+$/, "");
  return `1|${protocol}|${network}|${address}|grpc|${encoded}\n`;
}
