import { isMap, isSeq } from "yaml";
import type { RepositoryEntry } from "../config/document.ts";
import { goFields, goFlag, goItems, goText } from "../config/go-yaml.ts";
import type { Entry } from "../config/reading.ts";
import type { YamlFile } from "../config/yaml-file.ts";
import { ConfigBuilder } from "./builder.ts";
import { baseName, rangeOf, tagForDigest, wholeTag } from "./foreign-words.ts";

/** What `skopeo sync` was told beside its file. */
export interface SkopeoTarget {
  /** Its last argument: `host[:port][/path]`. */
  readonly registry: string;
  /** Its flag --scoped: the whole name of the source goes below the target, not only its last component. */
  readonly scoped: boolean;
}

const registryKeys = ["images", "images-by-tag-regex", "images-by-semver", "credentials", "tls-verify", "cert-dir"];

/**
 * Reads a source file of `skopeo sync`.
 * @see https://github.com/containers/skopeo/blob/main/docs/skopeo-sync.1.md
 */
export function readSkopeo({ root, reading }: YamlFile, target: SkopeoTarget): ConfigBuilder {
  const builder = new ConfigBuilder(reading);
  const registries = reading.entries(reading.resolve(root));
  for (const { key: registry, keyNode, node } of registries) {
    const fields = goFields(node, reading, registry, registryKeys);
    if (fields === undefined) continue;
    reach(registry, keyNode, fields, builder);
    const names = (key: string): readonly Entry[] => {
      const value = reading.resolve(fields.get(key)?.node);
      return isMap(value) ? reading.entries(value) : [];
    };
    const ends = (repository: string): { source: string; destination: string } => {
      const source = `${registry}/${repository}`;
      const base = target.registry.replace(/\/+$/, "");
      return { source, destination: `${base}/${target.scoped ? source : baseName(repository)}` };
    };
    for (const entry of names("images")) images(entry, ends(entry.key), builder);
    for (const entry of names("images-by-tag-regex")) {
      const include_regex = [wholeTag(goText(entry, reading) ?? "")];
      builder.repository(entry.keyNode, { ...ends(entry.key), include_regex });
    }
    for (const entry of names("images-by-semver")) {
      builder.repository(entry.keyNode, { ...ends(entry.key), ...versions(entry, builder) });
    }
  }
  if (registries.length > 0)
    reading.note(root, "skopeo takes one platform unless it is told --all; here images are copied whole");
  return builder;
}

function reach(registry: string, node: unknown, fields: ReadonlyMap<string, Entry>, builder: ConfigBuilder): void {
  const { reading } = builder;
  const login = fields.has("credentials")
    ? goFields(fields.get("credentials")?.node, reading, "credentials", ["username", "password"])
    : undefined;
  const username = goText(login?.get("username"), reading) ?? "";
  const password = builder.secret(login?.get("password"), registry, undefined);
  const insecure = fields.has("tls-verify") && goFlag(fields.get("tls-verify"), reading) === false;
  if (insecure || password !== undefined) {
    const entry = builder.registry(node, registry, {
      ...(insecure ? { insecure_skip_verify: true } : {}),
      ...(username === "" || password === undefined ? {} : { username, password }),
    });
    if (insecure)
      reading.note(
        fields.get("tls-verify")?.keyNode,
        "skopeo also spoke HTTP without encryption; that is plain_http here",
        entry,
      );
  }
  builder.lost(
    fields.get("cert-dir"),
    "name its files in ca_certificate_file, client_certificate_file and client_key_file",
  );
}

function images(entry: Entry, ends: { source: string; destination: string }, builder: ConfigBuilder): void {
  const { reading } = builder;
  const items = goItems(entry, reading) ?? [];
  const texts = items.map((node) => goText({ key: entry.key, keyNode: node, node }, reading) ?? "");
  const tags = texts.filter((text) => !text.includes(":"));
  if (texts.length === 0) builder.repository(entry.keyNode, ends);
  if (tags.length > 0) builder.repository(entry.keyNode, { ...ends, tags });
  for (const digest of texts.filter((text) => text.includes(":"))) {
    const destination = `${ends.destination}:${tagForDigest(digest)}`;
    const image = builder.image(entry.keyNode, { source: `${ends.source}@${digest}`, destination });
    reading.note(
      entry.keyNode,
      "an image that is named by its digest gets a tag here, which keeps registries from collecting it",
      image,
    );
  }
}

/** Prereleases do not count unless the range names one, as for Masterminds/semver. */
function versions(entry: Entry, builder: ConfigBuilder): Partial<RepositoryEntry> {
  const { reading } = builder;
  const node = reading.resolve(entry.node);
  const constraints = isSeq(node)
    ? node.items.map((each) => goText({ key: entry.key, keyNode: each, node: each }, reading) ?? "")
    : [goText(entry, reading) ?? ""];
  return rangeOf(constraints);
}
