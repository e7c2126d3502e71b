import { isLayoutKind, parseLocation } from "../../engine/index.ts";
import type { ConfigDocument, ImageEntry, PolicyKeys, RegistryEntry, RepositoryEntry } from "../config/document.ts";
import type { Secret } from "../config/secret.ts";
import { type Block, hclBlock, hclList, hclText, type Expression } from "./hcl.ts";
import type { Converted } from "./read-foreign.ts";
import { ResourceNames } from "./resource-names.ts";

/**
 * Writes a configuration for Terraform: the provider with its registries, and a resource for each entry. Secrets
 * become variables. What has no counterpart stands in comments.
 */
export function toTerraform({ document, reading }: Converted): string {
  const about = (entry: object): string[] =>
    reading.notes.filter((note) => note.about === entry).map(({ text }) => text);
  const known = new Set<object>([
    ...(document.registries ?? []),
    ...(document.images ?? []),
    ...(document.repositories ?? []),
  ]);
  const general = reading.notes
    .filter((note) => note.about === undefined || !known.has(note.about))
    .map(({ text }) => text);
  const variables = new Variables();
  const names = { imagesync: new ResourceNames(), imagesync_repository: new ResourceNames() };
  const provider = providerBlock(document, variables, about);
  const defaults = document.defaults ?? {};
  const resources = [
    ...(document.images ?? []).map((entry) => imageBlock(entry, defaults, names.imagesync.of(entry), about(entry))),
    ...(document.repositories ?? []).map((entry) =>
      repositoryBlock(entry, defaults, names.imagesync_repository.of(entry), about(entry)),
    ),
  ];
  const source: Block = {
    head: "terraform",
    comments: [...general, ...lostSettings(document)],
    blocks: [
      { head: "required_providers", attributes: [["imagesync", `{\n      source = "imagesync/imagesync"\n    }`]] },
    ],
  };
  return [source, ...variables.blocks(), provider, ...resources].map((block) => hclBlock(block)).join("\n");
}

type Attributes = [name: string, value: Expression][];

/** What Terraform lets no variable be called. */
const reserved: ReadonlySet<string> = new Set([
  "source",
  "version",
  "providers",
  "count",
  "for_each",
  "lifecycle",
  "depends_on",
  "locals",
]);

/** The variables that secrets become. */
class Variables {
  readonly #names = new ResourceNames();
  readonly #found = new Map<string, string>();

  /** The expression for a text or a secret. */
  expression(value: string | Secret): Expression {
    if (typeof value === "string") return hclText(value);
    if ("file" in value) return `chomp(file(${hclText(value.file)}))`;
    const known = this.#found.get(value.env);
    if (known !== undefined) return `var.${known}`;
    const lower = value.env.toLowerCase();
    const name = this.#names.unique(reserved.has(lower) ? `${lower}_value` : lower);
    this.#found.set(value.env, name);
    return `var.${name}`;
  }

  blocks(): Block[] {
    return [...this.#found].map(([env, name]) => ({
      head: `variable ${hclText(name)}`,
      comments: [`export TF_VAR_${name}="$${env}"`],
      attributes: [
        ["type", "string"],
        ["sensitive", "true"],
      ],
    }));
  }
}

function providerBlock(document: ConfigDocument, variables: Variables, about: (entry: object) => string[]): Block {
  const { max_parallel_transfers: transfers, max_bandwidth: bandwidth } = document.limits ?? {};
  const blocks = (document.registries ?? []).flatMap((entry) => {
    const [transport, login] = registryBlocks(entry, variables);
    const found = [transport, login].filter((block) => (block.attributes?.length ?? 0) > 1);
    const [first, ...more] = found.length === 0 ? [] : found;
    return first === undefined ? [] : [{ ...first, comments: about(entry) }, ...more];
  });
  return {
    head: 'provider "imagesync"',
    attributes: [
      ...(transfers === undefined ? [] : [["max_parallel_transfers", String(transfers)] as const]),
      ...(bandwidth === undefined ? [] : [["max_bandwidth", hclText(bandwidth)] as const]),
    ],
    blocks,
  };
}

/** An address with a path is a login only. */
function registryBlocks(entry: RegistryEntry, variables: Variables): [transport: Block, login: Block] {
  const { address, headers } = entry;
  const given = Object.entries(headers ?? {}).map(
    ([name, value]) => `${hclText(name)} = ${variables.expression(value)}`,
  );
  const transport: Attributes = [["address", hclText(address)]];
  const login: Attributes = [["address", hclText(address)]];
  for (const key of ["plain_http", "insecure_skip_verify"] as const) {
    if (entry[key] !== undefined) transport.push([key, String(entry[key])]);
  }
  if (entry.ca_certificate_file !== undefined)
    transport.push(["ca_certificate_file", hclText(entry.ca_certificate_file)]);
  for (const key of ["client_certificate", "client_key"] as const) {
    const file = entry[`${key}_file`];
    if (file !== undefined) transport.push([key, `file(${hclText(file)})`]);
  }
  if (entry.mirrors !== undefined) transport.push(["mirrors", hclList(entry.mirrors)]);
  if (given.length > 0) transport.push(["headers", `{ ${given.join(", ")} }`]);
  if (entry.proxy_url !== undefined) transport.push(["proxy_url", variables.expression(entry.proxy_url)]);
  for (const key of ["max_concurrent_requests", "requests_per_second"] as const) {
    if (entry[key] !== undefined) transport.push([key, String(entry[key])]);
  }
  for (const key of ["vendor", "api_url"] as const) {
    if (entry[key] !== undefined) transport.push([key, hclText(entry[key])]);
  }
  for (const key of ["username", "password", "identity_token", "registry_token"] as const) {
    if (entry[key] !== undefined) login.push([key, variables.expression(entry[key])]);
  }
  if (entry.credential_helper !== undefined) login.push(["credential_helper", hclText(entry.credential_helper)]);
  if (entry.auth_disabled !== undefined) login.push(["auth_disabled", String(entry.auth_disabled)]);
  return [
    { head: "registry", attributes: transport },
    { head: "registry_auth", attributes: login },
  ];
}

function imageBlock(entry: ImageEntry, defaults: PolicyKeys, name: string, notes: readonly string[]): Block {
  const keys = { ...defaults, ...entry };
  const attributes = ends(entry);
  if (nonEmpty(entry.additional_tags)) attributes.push(["additional_tags", hclList(entry.additional_tags)]);
  attributes.push(...policyAttributes(keys));
  const comments = [...notes, ...lostOf(entry, keys)];
  if (keys.replace_tag === false)
    comments.push("replace_tag = false: set source_digest to stay at one image while the source's tag moves");
  return { head: `resource "imagesync" ${hclText(name)}`, comments, attributes, off: hasLayout(entry) };
}

function repositoryBlock(entry: RepositoryEntry, defaults: PolicyKeys, name: string, notes: readonly string[]): Block {
  const keys = { ...defaults, ...entry };
  const attributes = ends(entry);
  for (const key of ["mode", "tags", "compatibility", "range", "higher_on_empty"] as const)
    pushText(attributes, key, entry[key]);
  for (const key of ["allow_prerelease", "pinned_major", "keep_latest"] as const)
    pushPlain(attributes, key, entry[key]);
  for (const key of ["include", "exclude", "include_regex", "exclude_regex"] as const)
    pushText(attributes, key, entry[key]);
  pushPlain(attributes, "replace_tag", keys.replace_tag);
  attributes.push(...policyAttributes(keys));
  const guard: Attributes = [];
  pushPlain(guard, "max_share", entry.deletions?.max_share);
  pushText(guard, "protect", entry.deletions?.protect);
  pushPlain(guard, "allow_empty_source", entry.deletions?.allow_empty_source);
  return {
    head: `resource "imagesync_repository" ${hclText(name)}`,
    comments: [...notes, ...lostOf(entry, keys)],
    attributes,
    blocks: entry.deletions === undefined ? [] : [{ head: "deletions", attributes: guard }],
    off: hasLayout(entry),
  };
}

function ends({ source, destination }: { readonly source: string; readonly destination: string }): Attributes {
  return [
    ["source", hclText(source)],
    ["destination", hclText(destination)],
  ];
}

function policyAttributes(keys: PolicyKeys): Attributes {
  const attributes: Attributes = [];
  for (const key of ["platforms", "required_platforms", "integrity_check", "on_conflict"] as const) {
    pushText(attributes, key, keys[key]);
  }
  for (const key of ["create_repository", "referrers"] as const) pushPlain(attributes, key, keys[key]);
  return attributes;
}

function pushText(attributes: Attributes, name: string, value: string | readonly string[] | undefined): void {
  if (typeof value === "string") attributes.push([name, hclText(value)]);
  else if (nonEmpty(value)) attributes.push([name, hclList(value)]);
}

function pushPlain(attributes: Attributes, name: string, value: number | boolean | undefined): void {
  if (value !== undefined) attributes.push([name, String(value)]);
}

function nonEmpty(list: readonly string[] | undefined): list is readonly string[] {
  return list !== undefined && list.length > 0;
}

/** What an entry says and the resources have no attribute for. */
function lostOf(entry: ImageEntry | RepositoryEntry, keys: PolicyKeys): string[] {
  const lost: string[] = [];
  if (keys.same_image === "image-id") lost.push('same_image = "image-id": Terraform compares digests');
  if (nonEmpty(keys.artifact_types) && keys.referrers !== false)
    lost.push("artifact_types: referrers of all types are copied");
  if (hasLayout(entry)) lost.push("layouts are for the command line:");
  return lost;
}

/** Where a layout is one end, the whole resource is a comment. */
function hasLayout({ source, destination }: ImageEntry | RepositoryEntry): boolean {
  return [source, destination].some((text) => isLayoutKind(parseLocation(text).registry));
}

/** What a run has and Terraform does not. */
function lostSettings({ lock_file: lockFile, on_retag: onRetag, fail_fast: failFast }: ConfigDocument): string[] {
  const lost = { lock_file: lockFile, on_retag: onRetag, fail_fast: failFast };
  const named = Object.entries(lost).filter(([, value]) => value !== undefined);
  return named.map(([key]) => `${key}: the state remembers digests, and an apply goes on where one image fails`);
}
