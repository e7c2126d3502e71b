import { BlockList, isIP } from "node:net";

/**
 * Whether a URL is reached directly by the word of NO_PROXY, read as Go programs do, docker and terraform among them:
 * a comma list of `*` for all, `host`, which covers its subdomains, `.domain` or `*.domain` for the subdomains only,
 * IP addresses and CIDR ranges; each with or without `:port`. What is none of these matches nothing.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function bypassesProxy(url: URL, noProxy: string): boolean {
  const host = bare(url.hostname);
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== "" && matches(entry, host, port));
}

/** This machine itself: a proxy could not lead to it. */
export function isLoopbackHost(url: URL): boolean {
  const host = bare(url.hostname);
  if (host === "localhost") return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 4 ? "ipv4" : "ipv6");
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function matches(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return inRange(entry, host);
  const { name, wanted } = splitPort(entry);
  if (wanted !== undefined && wanted !== port) return false;
  const domain = name.replace(/^\*\./, ".");
  if (domain === "" || domain === ".") return false;
  if (domain.startsWith(".")) return host.endsWith(domain);
  const plain = bare(domain);
  // Addresses are compared as such: an IPv6 address has many spellings.
  if (isIP(plain) !== 0) return isIP(host) === isIP(plain) && inRange(`${plain}/${isIP(plain) === 4 ? 32 : 128}`, host);
  return host === plain || host.endsWith(`.${plain}`);
}

function inRange(entry: string, host: string): boolean {
  const slash = entry.indexOf("/");
  const network = bare(entry.slice(0, slash));
  const bits = Number(entry.slice(slash + 1));
  const family = isIP(network);
  if (family === 0 || isIP(host) !== family || entry.length === slash + 1) return false;
  if (!Number.isSafeInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const range = new BlockList();
  range.addSubnet(network, bits, family === 4 ? "ipv4" : "ipv6");
  return range.check(host, family === 4 ? "ipv4" : "ipv6");
}

function splitPort(entry: string): { readonly name: string; readonly wanted: string | undefined } {
  if (isIP(entry) === 6) return { name: entry, wanted: undefined };
  const [, name = entry, wanted] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  return { name, wanted };
}

/** Without the brackets of IPv6 and the dot at the end of a complete name. */
function bare(hostname: string): string {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  return name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
}
