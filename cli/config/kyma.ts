import { parseReference, type Reference } from "../../engine/index.ts";
import type { ImageEntry } from "./document.ts";
import type { Draft } from "./draft.ts";
import { goFields, goFlag, goItems, goText } from "./go-yaml.ts";
import { ConfigFileError, quoted } from "./problem.ts";
import type { Entry, Reading } from "./reading.ts";
import type { YamlFile } from "./yaml-file.ts";

const imageKeys = ["source", "tag", "sign", "amd64Only"] as const;

/** How the names at the destination are made. */
interface Naming {
  readonly prefix: string;
  /** `library/` goes before a name without a namespace. */
  readonly library: boolean;
}

/** What goes before each name, where the file is not asked, and where it does not tell. */
interface PrefixOptions {
  readonly targetRepoPrefix?: string | undefined;
  readonly defaultTargetRepoPrefix?: string | undefined;
}

/**
 * Reads a list of Kyma's image-syncer, of both its ages. While the file itself named the destination
 * (`targetRepoPrefix`), names were the prefix and the source as it is written, and images were compared by the IDs that
 * docker shows; since the prefix comes from a flag, names without a namespace get `library/`, and digests are compared.
 * A tag that holds something else is a conflict in both.
 * @param options `targetRepoPrefix` goes before that of the file, `defaultTargetRepoPrefix` stands in for a file without
 * @throws ConfigFileError when there is no prefix, or no list.
 * @see https://github.com/kyma-project/test-infra/blob/9fd3a5d13f/cmd/image-syncer/README.md
 */
export function readKyma({ root, reading }: YamlFile, options: PrefixOptions = {}): Draft {
  const top = goFields(root, reading, "the file", ["targetRepoPrefix", "sign", "images"]);
  const field = top?.get("targetRepoPrefix");
  const own = goText(field, reading) ?? "";
  const prefix = options.targetRepoPrefix ?? (field === undefined ? (options.defaultTargetRepoPrefix ?? "") : own);
  if (prefix === "") {
    reading.problem(field?.keyNode ?? root, `"targetRepoPrefix" is missing; give --target-repo-prefix`);
  }
  const signAll = goFlag(top?.get("sign"), reading) ?? false;
  const items = goItems(top?.get("images"), reading) ?? [];
  const read = items.flatMap((item) => imageOf(item, { prefix, library: own === "" }, signAll, reading) ?? []);
  const images = withoutRepeated(read, reading);
  if (top === undefined || prefix === "") throw new ConfigFileError(reading.file, reading.problems);
  const same = own === "" ? {} : ({ same_image: "image-id" } as const);
  const defaults = { on_conflict: "fail", ...same } as const;
  return { format: "kyma", document: { version: 1, defaults, images }, reading };
}

/** An image that is listed again is told; image-syncer found it in place the second time. */
function withoutRepeated(images: readonly ImageEntry[], reading: Reading): ImageEntry[] {
  const seen = new Map<string, ImageEntry>();
  return images.filter((entry) => {
    const key = JSON.stringify([entry.source, entry.destination]);
    const first = seen.get(key);
    if (first === undefined) seen.set(key, entry);
    else reading.note(reading.where(entry), `this image is listed in line ${reading.where(first).line} already`);
    return first === undefined;
  });
}

function imageOf(item: unknown, naming: Naming, signAll: boolean, reading: Reading): ImageEntry | undefined {
  const fields = goFields(item, reading, "an entry of images", imageKeys);
  const source = goText(fields?.get("source"), reading);
  const tag = goText(fields?.get("tag"), reading);
  const sign = fields?.has("sign") === true ? goFlag(fields.get("sign"), reading) : signAll;
  // A word only: an index is copied whole, an image alone as it is, without being told.
  goFlag(fields?.get("amd64Only"), reading);
  if (fields === undefined || source === undefined || tag === undefined) return undefined;
  if (source === "") return reading.problem(fields.get("source")?.keyNode ?? item, `"source" is missing`);
  const destination = destinationOf(source, tag, naming, fields, reading);
  if (destination === undefined) return undefined;
  const entry: ImageEntry = { source, destination };
  reading.remember(entry, "", reading.placeOf(item));
  for (const { key, keyNode } of fields.values()) reading.remember(entry, key, reading.placeOf(keyNode));
  reading.remember(entry, "destination", reading.where(entry, "source"));
  if (sign === true)
    reading.note(fields.get("sign")?.keyNode ?? item, "images are not signed here: sign them with cosign", entry);
  return entry;
}

function destinationOf(
  source: string,
  tag: string,
  { prefix, library }: Naming,
  fields: ReadonlyMap<string, Entry>,
  reading: Reading,
): string | undefined {
  const parsed = parsedOr(source);
  // What is wrong with the source is said where all references are read.
  if (parsed === undefined) return `${prefix}${source}`;
  if (parsed.digest !== undefined && tag === "") {
    const text = `${quoted(source)} is named by its digest; say in "tag" what it shall be called at the destination`;
    return reading.problem(fields.get("source")?.node, text, "meaning");
  }
  const namespace = library && !parsed.spelled.includes("/") ? "library/" : "";
  return `${prefix}${namespace}${parsed.spelled}:${tag === "" ? (parsed.tag ?? "latest") : tag}`;
}

function parsedOr(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    // Undefined says it.
    return undefined;
  }
}
