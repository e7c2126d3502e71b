import { BlockList, isIP } from "node:net";

/** Where the API of a registry is reached. Docker Hub's images are named after a host that does not serve them. */
export function registryOrigin(registry: string, plainHttp: boolean): URL {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  return new URL(`${plainHttp ? "http" : "https"}://${host}`);
}

/**
 * Addresses that mean "this machine" or "this network": loopback, link-local (cloud metadata), private, shared,
 * unspecified. A server outside must not be able to send us there.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml
 */
const privateAddresses = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["255.255.255.255", 32],
] as const) {
  privateAddresses.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [
  ["::", 127],
  // Addresses that embed an IPv4 address, translated on the way: what they embed can't be judged here.
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
] as const) {
  privateAddresses.addSubnet(network, bits, "ipv6");
}

/** True for an IP address (no brackets) of this machine or a private network; false for anything else. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  return privateAddresses.check(address, family === 4 ? "ipv4" : "ipv6");
}

/**
 * True when the host of a URL says by itself that it is private: an IP literal, or `localhost`. A name is judged when
 * it is resolved, see connections.ts.
 */
export function isPrivateHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return isPrivateAddress(name.startsWith("[") ? name.slice(1, -1) : name);
}
