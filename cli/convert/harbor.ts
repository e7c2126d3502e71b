import { isMap, isSeq } from "yaml";
import type { RegistryEntry, RepositoryEntry } from "../config/document.ts";
import { goFields, goFlag, goItems, goText } from "../config/go-yaml.ts";
import { quoted } from "../config/problem.ts";
import type { Entry } from "../config/reading.ts";
import type { YamlFile } from "../config/yaml-file.ts";
import { ConfigBuilder } from "./builder.ts";

type Fields = ReadonlyMap<string, Entry>;

const policyKeys: readonly string[] = (
  "id name description src_registry dest_registry dest_namespace dest_namespace_replace_count trigger filters " +
  "deletion replicate_deletion override enabled speed copy_by_chunk single_active_replication creation_time " +
  "update_time creator"
).split(" ");
const registryKeys: readonly string[] =
  "id url name credential type insecure ca_certificate description status creation_time update_time".split(" ");

/**
 * Reads one or more replication policies of Harbor, as its API answers them (`/api/v2.0/replication/policies`).
 * @param local the host of the Harbor itself, where a policy does not say it
 * @see https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml
 */
export function readHarbor({ root, reading }: YamlFile, local: string | undefined): ConfigBuilder {
  const builder = new ConfigBuilder(reading);
  const resolved = reading.resolve(root);
  for (const node of isSeq(resolved) ? resolved.items : [resolved]) policy(node, local, builder);
  return builder;
}

function policy(node: unknown, local: string | undefined, builder: ConfigBuilder): void {
  const { reading } = builder;
  const fields = goFields(node, reading, "a policy", policyKeys);
  if (fields === undefined) return;
  const name = goText(fields.get("name"), reading) ?? "";
  if (fields.has("enabled") && goFlag(fields.get("enabled"), reading) === false) {
    return reading.note(fields.get("enabled")?.keyNode, `the policy ${quoted(name)} is off: it is left out`);
  }
  const source = hostOf(fields.get("src_registry"), local, builder);
  const destination = hostOf(fields.get("dest_registry"), local, builder);
  if (source === undefined || destination === undefined) {
    return reading.problem(
      node,
      `the policy ${quoted(name)} names the Harbor itself; say its host by --registry`,
      "meaning",
    );
  }
  const { names, selection } = filtersOf(fields, builder);
  const repositories = named(names);
  if (repositories === undefined) {
    const text = `the policy ${quoted(name)} takes repositories by a pattern: name each of them, as registries are not searched`;
    reading.note(fields.get("filters")?.keyNode ?? node, text);
  }
  if (repositories?.length === 0) {
    const text = `the policy ${quoted(name)} copies nothing, as no repository matches all of its name filters`;
    reading.note(fields.get("filters")?.keyNode, text);
  }
  const remove = [fields.get("deletion"), fields.get("replicate_deletion")].find(
    (field) => goFlag(field, reading) === true,
  );
  const override = goFlag(fields.get("override"), reading) === true;
  for (const repository of repositories ?? []) {
    const target = destinationOf(repository, fields, builder);
    if (target === undefined) continue;
    const entry = builder.repository(node, {
      ...(name === "" ? {} : { name: repositories?.length === 1 ? name : `${name} ${repository}` }),
      source: `${source}/${repository}`,
      destination: `${destination}/${target}`,
      ...selection,
      ...(override ? {} : { on_conflict: "keep" }),
      ...(remove === undefined ? {} : { deletions: {} }),
    });
    if (remove !== undefined)
      reading.note(
        remove.keyNode,
        "tags that are gone at the source go at each run, not only when Harbor tells of it",
        entry,
      );
  }
  settings(fields, name, builder);
}

/** What belongs to no repository. */
function settings(fields: Fields, name: string, builder: ConfigBuilder): void {
  const { reading } = builder;
  const speed = Number(goText(fields.get("speed"), reading));
  if (speed > 0) {
    builder.limits = { max_bandwidth: `${speed}KiB` };
    reading.note(
      fields.get("speed")?.keyNode,
      "the limit is for the whole run, in both directions together; Harbor's is for each transfer",
    );
  }
  const trigger = fields.has("trigger")
    ? goFields(fields.get("trigger")?.node, reading, "trigger", ["type", "trigger_settings"])
    : undefined;
  const type = goText(trigger?.get("type"), reading) ?? "";
  if (type !== "" && type !== "manual") {
    builder.lost(fields.get("trigger"), `a run ends; cron or a CronJob starts the next one of ${quoted(name)}`);
  }
}

function hostOf(field: Entry | undefined, local: string | undefined, builder: ConfigBuilder): string | undefined {
  const { reading } = builder;
  const isThere = field !== undefined && isMap(reading.resolve(field.node));
  const fields = isThere ? goFields(field.node, reading, field.key, registryKeys) : undefined;
  const url = goText(fields?.get("url"), reading) ?? "";
  if (url === "") return local;
  const host = url.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const address = /^(?:hub\.docker\.com|registry-1\.docker\.io|registry\.hub\.docker\.com)$/.test(host)
    ? "docker.io"
    : host;
  const login =
    fields?.has("credential") === true
      ? goFields(fields.get("credential")?.node, reading, "credential", ["type", "access_key", "access_secret"])
      : undefined;
  const username = goText(login?.get("access_key"), reading) ?? "";
  const password = username === "" ? undefined : builder.secret(login?.get("access_secret"), address, undefined);
  const keys = {
    ...reachOf(url, goFlag(fields?.get("insecure"), reading) === true),
    ...(password === undefined ? {} : { username, password }),
  };
  if (Object.keys(keys).length > 0) builder.registry(field?.keyNode, address, keys);
  if ((goText(fields?.get("ca_certificate"), reading) ?? "") !== "") {
    builder.lost(fields?.get("ca_certificate"), "save it as a file and name it in ca_certificate_file");
  }
  return address;
}

/** Without encryption there is no certificate to look at. */
function reachOf(url: string, insecure: boolean): Partial<RegistryEntry> {
  if (url.startsWith("http://")) return { plain_http: true };
  return insecure ? { insecure_skip_verify: true } : {};
}

interface Filters {
  /** Patterns of repositories; all of them have to match. */
  readonly names: readonly string[];
  readonly selection: Partial<RepositoryEntry>;
}

function filtersOf(fields: Fields, builder: ConfigBuilder): Filters {
  const { reading } = builder;
  const names: string[] = [];
  const include: string[] = [];
  const exclude: string[] = [];
  for (const node of goItems(fields.get("filters"), reading) ?? []) {
    const filter = goFields(node, reading, "a filter", ["type", "value", "decoration"]);
    const type = goText(filter?.get("type"), reading) ?? "";
    if (type === "label") {
      const text =
        "the filter by label has no counterpart, as only Harbor knows labels: tags without it are copied too";
      reading.note(filter?.get("value")?.keyNode ?? node, text);
      continue;
    }
    const value = goText(filter?.get("value"), reading) ?? "";
    if (value === "" || type === "resource") continue;
    if (type === "name") names.push(value);
    else (goText(filter?.get("decoration"), reading) === "excludes" ? exclude : include).push(value);
  }
  if (include.length > 1) {
    const text = "a tag has to match all filters by tag there, and one of include here: write them as one";
    reading.note(fields.get("filters")?.keyNode, text);
  }
  return {
    names,
    selection: { ...(include.length === 0 ? {} : { include }), ...(exclude.length === 0 ? {} : { exclude }) },
  };
}

/** The repositories that all patterns name; undefined when a registry would have to be searched. */
function named(patterns: readonly string[]): readonly string[] | undefined {
  const lists = patterns.map(literals);
  const [first, ...others] = lists;
  if (lists.includes(undefined)) return undefined;
  return first?.filter((name) => others.every((list) => list?.includes(name)));
}

/** The names that a pattern stands for; undefined when a registry would have to be searched. */
function literals(pattern: string): readonly string[] | undefined {
  const [, before, words, after] = /^([^{}]*)\{([^{}]*)\}(.*)$/.exec(pattern) ?? [];
  if (before === undefined || words === undefined || after === undefined) {
    return /[*?[\]{}\\]/.test(pattern) ? undefined : [pattern];
  }
  const parts = words.split(",").map((word) => literals(`${before}${word}${after}`));
  return parts.some((part) => part === undefined) ? undefined : parts.flatMap((part) => part ?? []);
}

/** The namespace that replaces the leading components of a repository: all of them unless a number is said. */
function destinationOf(repository: string, fields: Fields, builder: ConfigBuilder): string | undefined {
  const { reading } = builder;
  const namespace = goText(fields.get("dest_namespace"), reading) ?? "";
  if (namespace === "") return repository;
  const text = goText(fields.get("dest_namespace_replace_count"), reading) ?? "";
  const count = text === "" ? -1 : Number(text);
  const components = repository.split("/");
  const leading = components.length - 1;
  if (count > leading) {
    const field = fields.get("dest_namespace_replace_count");
    return reading.problem(
      field?.node,
      `${quoted(repository)} has ${leading} components to replace, not ${count}`,
      "meaning",
    );
  }
  return [namespace, ...components.slice(count < 0 ? leading : count)].join("/");
}
