import { readFile } from "node:fs/promises";
import {
  type ExplicitCredential,
  headerFault,
  parseMirror,
  parseProxy,
  type RegistryTransport,
  withoutLogin,
} from "../../engine/index.ts";
import type { RegistryEntry } from "./document.ts";
import { quoted } from "./problem.ts";
import type { Reading } from "./reading.ts";
import { pathOf, type SecretPlaces, valueOf } from "./secret.ts";

/** How registries are reached, and the logins for them. */
export interface Registries {
  readonly registries: readonly RegistryTransport[];
  readonly logins: readonly ExplicitCredential[];
}

/** Reads the entries and the secrets they name. What is wrong goes to the reading, never a secret. */
export async function registriesOf(
  entries: readonly RegistryEntry[],
  places: SecretPlaces,
  reading: Reading,
): Promise<Registries> {
  const registries: RegistryTransport[] = [];
  const logins: ExplicitCredential[] = [];
  const seen = new Map<string, RegistryEntry>();
  for (const entry of entries.filter((each) => !reading.isFlawed(each))) {
    const parsed = parseMirror(entry.address);
    if (parsed === undefined) {
      reading.problem(reading.where(entry, "address"), `${quoted(entry.address)} is no address`, "meaning");
      continue;
    }
    const key = `${parsed.registry}/${parsed.prefix}`;
    const other = seen.get(key);
    if (other !== undefined) {
      const text = `${quoted(entry.address)} has an entry in line ${reading.where(other).line} already; merge them`;
      reading.problem(reading.where(entry, "address"), text, "meaning");
      continue;
    }
    seen.set(key, entry);
    if (parsed.prefix === "") registries.push(await transportOf(entry, places, reading));
    else refuseTransport(entry, reading);
    const credential = await credentialOf(entry, places, reading);
    if (credential !== undefined) logins.push({ address: entry.address, credential, origin: originOf(entry, reading) });
  }
  return { registries, logins };
}

const loginKeys: ReadonlySet<string> = new Set([
  "address",
  "username",
  "password",
  "identity_token",
  "registry_token",
  "credential_helper",
  "auth_disabled",
]);

function refuseTransport(entry: RegistryEntry, reading: Reading): void {
  for (const key of Object.keys(entry)) {
    if (loginKeys.has(key)) continue;
    const text = `${quoted(key)} is for a whole registry; the address of this entry has a path, which makes it a login`;
    reading.problem(reading.where(entry, key), text, "meaning");
  }
}

function originOf(entry: RegistryEntry, reading: Reading): string {
  return `${reading.file === "-" ? "<stdin>" : reading.file}, registry ${entry.address}`;
}

async function transportOf(entry: RegistryEntry, places: SecretPlaces, reading: Reading): Promise<RegistryTransport> {
  const { address, mirrors, vendor, requests_per_second: rate } = entry;
  const optional: Partial<RegistryTransport> = {
    plainHttp: entry.plain_http,
    insecureSkipVerify: entry.insecure_skip_verify,
    caCertificate: await pemOf(entry, "ca_certificate_file", places, reading),
    clientCertificate: await pemOf(entry, "client_certificate_file", places, reading),
    clientKey: await pemOf(entry, "client_key_file", places, reading),
    mirrors,
    proxyUrl: await valueOf(entry.proxy_url, places, reading, entry, "proxy_url"),
    headers: await headersOf(entry, places, reading),
    maxConnections: entry.max_concurrent_requests,
    requestsPerSecond: rate === 0 ? undefined : rate,
    vendor,
    apiUrl: entry.api_url,
  };
  checkTransport(entry, optional, reading);
  const known = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { address, ...Object.fromEntries(known) };
}

const certificateKeys = [
  "insecure_skip_verify",
  "ca_certificate_file",
  "client_certificate_file",
  "client_key_file",
] as const;

function checkTransport(entry: RegistryEntry, transport: Partial<RegistryTransport>, reading: Reading): void {
  const refuse = (key: string, text: string): undefined =>
    reading.problem(reading.where(entry, key), `${quoted(key)} ${text}`, "meaning");
  const encrypted = certificateKeys.find((key) => entry[key] !== undefined && entry[key] !== false);
  if (entry.plain_http === true && encrypted !== undefined) {
    refuse(encrypted, 'has no meaning beside "plain_http": without encryption there are no certificates');
  }
  if ((entry.client_certificate_file === undefined) !== (entry.client_key_file === undefined)) {
    refuse(
      entry.client_key_file === undefined ? "client_certificate_file" : "client_key_file",
      "needs the other of both",
    );
  }
  if (transport.proxyUrl !== undefined && parseProxy(transport.proxyUrl) === undefined) {
    refuse("proxy_url", "holds no address; write it as http://host:port");
  }
  if (entry.api_url !== undefined && !/^https?:\/\/[^\s/]/.test(entry.api_url)) {
    refuse("api_url", "holds no address; write it as https://host/path");
  }
  const rate = entry.requests_per_second ?? 0;
  // Less than one in a quarter of an hour is a slip.
  if (rate !== 0 && rate < 0.001) refuse("requests_per_second", "must be 0 for no limit, or at least 0.001");
  for (const mirror of entry.mirrors ?? []) {
    if (parseMirror(mirror) === undefined)
      refuse("mirrors", `has ${quoted(withoutLogin(mirror) ?? mirror)}, which is no address`);
  }
}

async function pemOf(
  entry: RegistryEntry,
  key: "ca_certificate_file" | "client_certificate_file" | "client_key_file",
  { folder }: SecretPlaces,
  reading: Reading,
): Promise<string | undefined> {
  const file = entry[key];
  if (file === undefined) return undefined;
  const place = reading.where(entry, key);
  try {
    const pem = await readFile(pathOf(file, folder), "utf8");
    if (/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/.test(pem)) return pem;
    return reading.problem(place, `the file ${quoted(file)} has no PEM text (-----BEGIN …-----)`, "meaning");
  } catch {
    return reading.problem(place, `the file ${quoted(file)} cannot be read`, "meaning");
  }
}

/** Names of headers whose values are secrets. */
const secretHeader = /authorization|cookie|token|secret|key|password/i;

async function headersOf(
  entry: RegistryEntry,
  places: SecretPlaces,
  reading: Reading,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (entry.headers === undefined) return undefined;
  const place = reading.where(entry, "headers");
  const headers: [string, string][] = [];
  for (const [name, given] of Object.entries(entry.headers)) {
    if (typeof given === "string" && secretHeader.test(name)) {
      const text = `the header ${quoted(name)} may be a secret; write {env: NAME} or {file: PATH} in place of its value`;
      reading.problem(place, text, "meaning");
      continue;
    }
    const value = await valueOf(given, places, reading, entry, "headers");
    if (value === undefined) continue;
    const twice = headers.some(([other]) => other.toLowerCase() === name.toLowerCase());
    const fault = twice ? "is there twice" : headerFault(name, value);
    if (fault === undefined) headers.push([name, value]);
    else reading.problem(place, `the header ${quoted(name)} ${fault}`, "meaning");
  }
  return Object.fromEntries(headers);
}

type GivenCredential = ExplicitCredential["credential"];

/** At most one way to log in; what names two of them would leave it to chance. */
async function credentialOf(
  entry: RegistryEntry,
  places: SecretPlaces,
  reading: Reading,
): Promise<GivenCredential | undefined> {
  const disabled = entry.auth_disabled === true ? true : undefined;
  const ways = { password: entry.password, identity_token: entry.identity_token, registry_token: entry.registry_token };
  const given = Object.entries({ ...ways, credential_helper: entry.credential_helper, auth_disabled: disabled });
  const [first, second] = given.filter(([, value]) => value !== undefined).map(([key]) => key);
  if (second !== undefined) {
    const text = `${quoted(second)} and ${quoted(first ?? "")} are two ways to log in; keep one`;
    return reading.problem(reading.where(entry, second), text, "meaning");
  }
  if ((first === "password") !== (entry.username !== undefined)) {
    const missing = first === "password" ? "username" : "password";
    return reading.problem(reading.where(entry), `${quoted(missing)} is missing for the login`, "meaning");
  }
  if (disabled) return { kind: "anonymous" };
  if (entry.credential_helper !== undefined) return { kind: "helper", name: entry.credential_helper };
  const secret = async (key: "username" | keyof typeof ways): Promise<string | undefined> =>
    await valueOf(entry[key], places, reading, entry, key);
  if (first === "password") {
    const [username, password] = [await secret("username"), await secret("password")];
    return username === undefined || password === undefined ? undefined : { kind: "basic", username, password };
  }
  if (entry.identity_token !== undefined) {
    const token = await secret("identity_token");
    return token === undefined ? undefined : { kind: "identity-token", token };
  }
  const token = await secret("registry_token");
  return token === undefined ? undefined : { kind: "registry-token", token };
}
