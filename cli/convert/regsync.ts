import type { RegistryEntry, RepositoryEntry } from "../config/document.ts";
import { goFields, goFlag, goItems, goText } from "../config/go-yaml.ts";
import { quoted } from "../config/problem.ts";
import type { Entry } from "../config/reading.ts";
import type { Secret } from "../config/secret.ts";
import type { YamlFile } from "../config/yaml-file.ts";
import { ConfigBuilder } from "./builder.ts";
import { rangeOf } from "./foreign-words.ts";

type Fields = ReadonlyMap<string, Entry>;

/** Why a key of regsync has no counterpart. */
const lost: Readonly<Record<string, string>> = {
  backup: "earlier digests are remembered by lock_file, and kept by the Terraform resource's keep_previous",
  interval: "a run ends; cron or a CronJob starts the next one",
  schedule: "a run ends; cron or a CronJob starts the next one",
  ratelimit: "what registries answer about their limits is always honoured",
  parallel: "images share one pool of transfers, limits.max_parallel_transfers",
  mediaTypes: "every media type is copied",
  hooks: "nothing else is started",
  fastCheck: "digests are always compared first",
  forceRecursive: "integrity_check says how deep an image in place is examined",
  includeExternal: "external layers stay where they are",
  referrerSource: "referrers are at the source's registry",
  referrerTarget: "referrers go to the destination",
  referrerSlow: "referrers are always asked for",
  blobLimit: "blobs have no limit",
  cacheCount: "there is nothing to set",
  cacheTime: "there is nothing to set",
  skipDockerConfig: "docker's logins are used, and an entry of registries goes before them",
  userAgent: "the program says its own name",
};

const both = ["digestTags", "referrers", "referrerFilters", ...Object.keys(lost)];

/**
 * Reads a file of regsync.
 * @see https://regclient.org/usage/regsync/
 */
export function readRegsync({ root, reading }: YamlFile): ConfigBuilder {
  const builder = new ConfigBuilder(reading);
  const top = goFields(root, reading, "the file", ["version", "creds", "defaults", "sync"]);
  for (const item of goItems(top?.get("creds"), reading) ?? []) registry(item, builder);
  const defaults =
    top?.has("defaults") === true ? goFields(top.get("defaults")?.node, reading, "defaults", both) : undefined;
  for (const [key, why] of Object.entries(lost)) builder.lost(defaults?.get(key), why);
  for (const item of goItems(top?.get("sync"), reading) ?? []) step(item, defaults ?? new Map(), builder);
  return builder;
}

const credentialKeys: readonly string[] = (
  "registry hostname tls user pass token credHelper mirrors reqPerSec reqConcurrent regcert clientCert clientKey " +
  "pathPrefix credExpire credHost priority repoAuth api apiOpts blobChunk blobMax scheme"
).split(" ");

function registry(item: unknown, builder: ConfigBuilder): void {
  const { reading } = builder;
  const fields = goFields(item, reading, "an entry of creds", credentialKeys);
  const address = goText(fields?.get("registry"), reading);
  if (fields === undefined || address === undefined || address === "") return;
  const text = (key: string): string => goText(fields.get(key), reading) ?? "";
  const tls = text("tls");
  const mirrors = (goItems(fields.get("mirrors"), reading) ?? []).map(
    (each) => goText({ key: "mirrors", keyNode: each, node: each }, reading) ?? "",
  );
  const helper = text("credHelper").replace(/^docker-credential-/, "");
  const keys: Omit<RegistryEntry, "address"> = {
    ...(tls === "disabled" ? { plain_http: true } : {}),
    ...(tls === "insecure" ? { insecure_skip_verify: true } : {}),
    ...(mirrors.length === 0 ? {} : { mirrors }),
    ...(Number(text("reqPerSec")) > 0 ? { requests_per_second: Number(text("reqPerSec")) } : {}),
    ...(Number(text("reqConcurrent")) > 0 ? { max_concurrent_requests: Number(text("reqConcurrent")) } : {}),
    ...(text("user") === "" ? {} : { username: template(text("user")) ?? text("user") }),
    ...present("password", builder.secret(fields.get("pass"), address, template(text("pass")))),
    ...present("identity_token", builder.secret(fields.get("token"), address, template(text("token")))),
    ...(helper === "" ? {} : { credential_helper: helper }),
  };
  const entry = builder.registry(item, address, keys);
  if (text("hostname") !== "" && text("hostname") !== address) {
    builder.lost(fields.get("hostname"), "write the host itself into the references", entry);
  }
  for (const key of ["regcert", "clientCert", "clientKey"]) {
    builder.lost(
      fields.get(key),
      "save it as a file and name it in ca_certificate_file, client_certificate_file or client_key_file",
      entry,
    );
  }
  builder.lost(fields.get("pathPrefix"), "write it behind the host in mirrors", entry);
}

function present<K extends string>(key: K, value: Secret | undefined): { readonly [P in K]?: Secret } {
  // A computed key has the type string for the compiler.
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: Secret });
}

/** `{{env "NAME"}}` and `{{file "PATH"}}`. */
function template(text: string): Secret | undefined {
  const [, word, value = ""] = /^\{\{\s*(env|file)\s+["`]([^"`]+)["`]\s*\}\}$/.exec(text.trim()) ?? [];
  if (word === undefined) return undefined;
  return word === "env" ? { env: value } : { file: value };
}

const stepKeys = ["source", "target", "type", "tags", "tagSets", "repos", "platform", "platforms", ...both];

function step(item: unknown, defaults: Fields, builder: ConfigBuilder): void {
  const { reading } = builder;
  const fields = goFields(item, reading, "an entry of sync", stepKeys);
  if (fields === undefined) return;
  const text = (key: string): string => goText(fields.get(key), reading) ?? "";
  const source = location(text("source"));
  const destination = location(text("target"));
  const type = text("type");
  if (/\{\{/.test(source + destination)) {
    return reading.note(item, `${quoted(source)} is made by a template: it is left out, write what it stands for`);
  }
  if (type === "registry") {
    return reading.note(item, `every repository of ${quoted(source)} is left out: name each repository to copy`);
  }
  const entry = { source, destination, ...policy(fields, defaults, builder) };
  if (type === "repository") {
    for (const set of tagSets(fields, builder)) notes(fields, builder, builder.repository(item, { ...entry, ...set }));
  } else if (type === "image") {
    const image = { ...entry, source: withTag(source), destination: withTag(destination) };
    notes(fields, builder, builder.image(item, image));
  } else {
    reading.problem(
      fields.get("type")?.node ?? item,
      `"type" must be image, repository or registry, not ${quoted(type)}`,
    );
  }
}

function notes(fields: Fields, builder: ConfigBuilder, entry: object): void {
  for (const [key, why] of Object.entries(lost)) builder.lost(fields.get(key), why, entry);
}

function policy(fields: Fields, defaults: Fields, builder: ConfigBuilder): Partial<RepositoryEntry> {
  const { reading } = builder;
  const of = (key: string): Entry | undefined => fields.get(key) ?? defaults.get(key);
  const platform = goText(fields.get("platform"), reading) ?? "";
  const named = (goItems(fields.get("platforms"), reading) ?? []).map(
    (node) => goText({ key: "platforms", keyNode: node, node }, reading) ?? "",
  );
  const platforms = platform === "" ? named : [platform];
  const off = of("referrers") !== undefined && goFlag(of("referrers"), reading) === false;
  const digestTags = goFlag(of("digestTags"), reading) === true;
  const types = (goItems(of("referrerFilters"), reading) ?? []).flatMap((node) => {
    const filter = goFields(node, reading, "referrerFilters", ["artifactType", "annotations"]);
    builder.lost(filter?.get("annotations"), "referrers are chosen by their type only");
    const type = goText(filter?.get("artifactType"), reading) ?? "";
    return type === "" ? [] : [type];
  });
  return {
    ...(platforms.length === 0 ? {} : { platforms }),
    ...(off && !digestTags ? { referrers: false } : {}),
    ...(types.length === 0 ? {} : { artifact_types: types }),
  };
}

function tagSets(fields: Fields, builder: ConfigBuilder): Partial<RepositoryEntry>[] {
  const { reading } = builder;
  const sets = goItems(fields.get("tagSets"), reading) ?? [];
  const nodes = [...(fields.has("tags") ? [fields.get("tags")?.node] : []), ...sets];
  return nodes.length === 0 ? [{}] : nodes.map((node) => tagSet(node, builder));
}

/** Expressions of regsync are for the whole tag, as ours are. */
function tagSet(node: unknown, builder: ConfigBuilder): Partial<RepositoryEntry> {
  const { reading } = builder;
  const set = goFields(node, reading, "tags", ["allow", "deny", "semverRange"]);
  const texts = (key: string): string[] =>
    (goItems(set?.get(key), reading) ?? []).map((each) => goText({ key, keyNode: each, node: each }, reading) ?? "");
  const plain = texts("allow").every((each) => /^[A-Za-z0-9_-]+$/.test(each));
  const allow = texts("allow");
  return {
    ...(allow.length === 0 ? {} : plain ? { include: allow } : { include_regex: allow }),
    ...(texts("deny").length === 0 ? {} : { exclude_regex: texts("deny") }),
    ...(texts("semverRange").length === 0 ? {} : rangeOf(texts("semverRange"))),
  };
}

/** Layouts have another scheme here. */
function location(text: string): string {
  return text.replace(/^ocidir:\/\//, "oci:");
}

function withTag(reference: string): string {
  const name = reference.slice(reference.lastIndexOf("/") + 1);
  return name.includes(":") || name.includes("@") ? reference : `${reference}:latest`;
}
