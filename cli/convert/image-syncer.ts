import { isMap, isSeq } from "yaml";
import { goFields, goFlag, goText } from "../config/go-yaml.ts";
import { quoted } from "../config/problem.ts";
import type { Entry, Reading } from "../config/reading.ts";
import type { Secret } from "../config/secret.ts";
import type { YamlFile } from "../config/yaml-file.ts";
import { ConfigBuilder } from "./builder.ts";
import { tagForDigest, wholeTag } from "./foreign-words.ts";

/**
 * Reads a file of Aliyun's image-syncer: its list of images, its logins, or the older one that has both.
 * @see https://github.com/AliyunContainerService/image-syncer/blob/master/README.md
 */
export function readImageSyncer({ root, reading }: YamlFile): ConfigBuilder {
  const builder = new ConfigBuilder(reading);
  const top = reading.entries(reading.resolve(root));
  const whole = top.some(({ key }) => key === "images" || key === "auth");
  const part = (name: string): readonly Entry[] =>
    reading.entries(reading.resolve(top.find(({ key }) => key === name)?.node));
  const written = new Set<string>();
  for (const entry of whole ? [...part("auth"), ...part("images")] : top) {
    if (isMap(reading.resolve(entry.node))) login(entry, builder);
    else rule(entry, written, builder);
  }
  return builder;
}

function login({ key: address, keyNode, node }: Entry, builder: ConfigBuilder): void {
  const { reading } = builder;
  const fields = goFields(node, reading, address, ["username", "password", "insecure"]);
  const username = goText(fields?.get("username"), reading) ?? "";
  const password = goText(fields?.get("password"), reading) ?? "";
  const secret = builder.secret(fields?.get("password"), address, variable(password));
  const login =
    username === "" || secret === undefined ? {} : { username: variable(username) ?? username, password: secret };
  const plain = goFlag(fields?.get("insecure"), reading) === true ? { plain_http: true } : {};
  const [host = address] = address.split("/");
  if (host === address) {
    builder.registry(keyNode, address, { ...plain, ...login });
    return;
  }
  builder.registry(keyNode, address, login);
  if ("plain_http" in plain) builder.registry(keyNode, host, plain);
}

/** `$NAME` and `${NAME}`. */
function variable(text: string): Secret | undefined {
  const [, braced, bare] = /^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))$/.exec(text) ?? [];
  const env = braced ?? bare;
  return env === undefined ? undefined : { env };
}

interface Name {
  readonly repository: string;
  readonly tags: readonly string[];
  readonly digest?: string;
  readonly regex?: string;
}

function rule(entry: Entry, written: Set<string>, builder: ConfigBuilder): void {
  const { reading } = builder;
  const node = reading.resolve(entry.node);
  const nodes = isSeq(node) ? node.items : [node];
  const source = nameOf(entry.key);
  for (const each of nodes) {
    const text = goText({ key: entry.key, keyNode: entry.keyNode, node: each }, reading) ?? "";
    if (text.includes("$"))
      reading.note(entry.keyNode, `${quoted(text)} names a variable: it is left out, write what it stands for`);
    else if (text !== "") copy(entry, source, nameOf(text), written, builder);
  }
}

function copy(entry: Entry, source: Name, destination: Name, written: Set<string>, builder: ConfigBuilder): void {
  const { reading } = builder;
  const at = entry.keyNode;
  const ends = { source: source.repository, destination: destination.repository };
  if (source.digest !== undefined) {
    const tags = destination.tags.length === 0 ? [tagForDigest(source.digest)] : destination.tags;
    const [first = "", ...more] = tags;
    const image = builder.image(at, {
      source: `${ends.source}@${source.digest}`,
      destination: `${ends.destination}:${first}`,
      ...(more.length === 0 ? {} : { additional_tags: more }),
    });
    if (destination.tags.length === 0)
      reading.note(
        at,
        "an image that is named by its digest gets a tag here, which keeps registries from collecting it",
        image,
      );
    return;
  }
  if (source.regex !== undefined) {
    builder.repository(at, { ...ends, include_regex: [wholeTag(source.regex)] });
    return;
  }
  if (source.tags.length === 0) {
    builder.repository(at, ends);
    return;
  }
  if (destination.tags.length > 0 && destination.tags.length !== source.tags.length) {
    reading.problem(
      at,
      `the source has ${source.tags.length} tags and the destination ${destination.tags.length}`,
      "meaning",
    );
    return;
  }
  const pairs = source.tags.map((tag, index) => ({ from: tag, to: destination.tags[index] ?? tag }));
  const fresh = pairs.filter(({ to }) => isNew(`${ends.destination}:${to}`, written, reading, at));
  if (fresh.length > 1 && fresh.every(({ from, to }) => from === to)) {
    builder.repository(at, { ...ends, tags: fresh.map(({ from }) => from) });
    return;
  }
  for (const { from, to } of fresh) {
    builder.image(at, { source: `${ends.source}:${from}`, destination: `${ends.destination}:${to}` });
  }
}

/** Files of image-syncer often name a tag in several rules. */
function isNew(name: string, written: Set<string>, reading: Reading, at: unknown): boolean {
  if (written.has(name)) {
    reading.note(at, `${quoted(name)} is written by an earlier rule; it stands there once`);
    return false;
  }
  written.add(name);
  return true;
}

/** `repository`, `repository:tag,tag`, `repository@digest`, `repository:/expression/`. */
function nameOf(text: string): Name {
  const at = text.indexOf("@");
  if (at >= 0) {
    const name = nameOf(text.slice(0, at));
    return { repository: name.repository, tags: name.tags, digest: text.slice(at + 1) };
  }
  const [, before, regex] = /^(.*?):\/(.*)\/$/.exec(text) ?? [];
  if (before !== undefined && regex !== undefined) return { repository: before, tags: [], regex };
  const colon = text.indexOf(":", text.lastIndexOf("/") + 1);
  if (colon < 0) return { repository: text, tags: [] };
  return { repository: text.slice(0, colon), tags: text.slice(colon + 1).split(",") };
}
