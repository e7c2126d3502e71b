import { headerFault, isVendor, parseMirror, parseProxy, vendors } from "../engine/index.ts";
import { attributePath, type Diagnostics } from "./protocol/diagnostics.ts";
import { isUnknown, type ObjectValue, type Value } from "./protocol/value.ts";
import { headersIn, numberOf } from "./registry-block.ts";

/** Reports what cannot work in `registry` blocks; silent about what is not known yet. */
export function validateRegistries(registries: readonly ObjectValue[], diagnostics: Diagnostics): void {
  const seen = new Set<string>();
  registries.forEach((block, position) => {
    const error = (attribute: string, summary: string, detail: string): void =>
      diagnostics.error(summary, detail, attributePath("registry", position, attribute));
    checkAddress(block, seen, error);
    checkCertificates(block, error);
    checkWay(block, error);
    checkLimits(block, error);
    checkFamily(block, error);
  });
}

type Report = (attribute: string, summary: string, detail: string) => void;

function checkAddress(block: ObjectValue, seen: Set<string>, error: Report): void {
  const address = block["address"];
  if (typeof address !== "string") return;
  if (!/^[^\s/@?#]+$/.test(address)) {
    const detail = `${describe(address)} is not an address. Write it as "host" or "host:port".`;
    error("address", "Invalid registry address", detail);
  }
  if (seen.has(address)) {
    error("address", "Registry configured twice", `There is another block for ${describe(address)}. Merge the two.`);
  }
  seen.add(address);
}

function checkCertificates(block: ObjectValue, error: Report): void {
  if (isHalf(block["client_certificate"], block["client_key"])) {
    const missing = block["client_key"] === null ? "client_key" : "client_certificate";
    const detail = `"client_certificate" and "client_key" belong together. Give "${missing}" too.`;
    error(missing, "Incomplete client certificate", detail);
  }
  for (const name of ["ca_certificate", "client_certificate", "client_key"]) {
    const pem = block[name];
    if (typeof pem !== "string" || /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/.test(pem)) continue;
    const detail = `"${name}" is not in PEM form (-----BEGIN …-----). Give the content of the file, for instance by file("ca.pem").`;
    error(name, "Not a PEM text", detail);
  }
  const file = block["ca_certificate_file"];
  if (typeof file === "string" && (file === "" || file.includes("-----BEGIN"))) {
    const detail = `Give the path of a PEM file, or its content as "ca_certificate".`;
    error("ca_certificate_file", "Invalid ca_certificate_file", detail);
  }
  const certificates = ["ca_certificate", "ca_certificate_file"].some((name) => isGiven(block[name]));
  if (block["plain_http"] === true && (block["insecure_skip_verify"] === true || certificates)) {
    const detail = `Without encryption there are no certificates to check. Remove "plain_http" or the certificate settings.`;
    error("plain_http", "Contradicting transport", detail);
  }
}

function checkWay(block: ObjectValue, error: Report): void {
  const mirrors = block["mirrors"];
  for (const mirror of Array.isArray(mirrors) ? (mirrors as readonly Value[]) : []) {
    if (typeof mirror !== "string" || parseMirror(mirror) !== undefined) continue;
    const detail = `${describe(mirror)} is not the address of a mirror. Write it as "host", "host:port" or "host/path", behind "http://" if it speaks plain HTTP.`;
    error("mirrors", "Invalid mirror", detail);
  }
  const proxy = block["proxy_url"];
  // Its value is not repeated: it may hold a password.
  if (typeof proxy === "string" && parseProxy(proxy) === undefined) {
    error("proxy_url", "Invalid proxy_url", `Write it as "http://host:port" or "http://user:password@host:port".`);
  }
  const seen = new Set<string>();
  for (const [name, value] of headersIn(block)) {
    const fault = seen.has(name.toLowerCase()) ? "is there twice" : headerFault(name, value);
    if (fault !== undefined) error("headers", "Invalid header", `${describe(name)} ${fault}. Correct or remove it.`);
    seen.add(name.toLowerCase());
  }
}

function checkLimits(block: ObjectValue, error: Report): void {
  const concurrent = numberOf(block["max_concurrent_requests"]);
  if (concurrent !== undefined && (!Number.isSafeInteger(concurrent) || concurrent < 1 || concurrent > 1000)) {
    const detail = `${concurrent} is not possible here. Write a whole number from 1 to 1000.`;
    error("max_concurrent_requests", "Invalid max_concurrent_requests", detail);
  }
  const perSecond = numberOf(block["requests_per_second"]);
  // Less than one in an hour, or more than any clock can tell apart, is a slip.
  if (perSecond !== undefined && perSecond !== 0 && (perSecond < 0.001 || perSecond > 10_000)) {
    const detail = `${perSecond} is not possible here. Write a number from 0.001 to 10000, or 0 for no limit.`;
    error("requests_per_second", "Invalid requests_per_second", detail);
  }
}

function checkFamily(block: ObjectValue, error: Report): void {
  const vendor = block["vendor"];
  if (typeof vendor === "string" && !isVendor(vendor)) {
    const choices = vendors.map((name) => `"${name}"`).join(", ");
    error("vendor", "Invalid vendor", `${describe(vendor)} is not known here. Write one of: ${choices}.`);
  }
  const api = block["api_url"];
  if (typeof api === "string" && !(/^https?:\/\//.test(api) && URL.canParse(api))) {
    error("api_url", "Invalid api_url", `${describe(api)} is not a URL. Write it as "https://host/path".`);
  }
}

/** Present for certain: what is unknown may turn out to be null. */
function isGiven(value: Value | undefined): boolean {
  return value !== undefined && value !== null && !isUnknown(value);
}

/** Whether one of two values that belong together is there and the other one is not. */
function isHalf(one: Value | undefined, other: Value | undefined): boolean {
  return (isGiven(one) && other === null) || (isGiven(other) && one === null);
}

function describe(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
