import { isMap } from "yaml";
import type { SelectionMode } from "../../engine/index.ts";
import type { RepositoryEntry } from "./document.ts";
import type { Draft } from "./draft.ts";
import { goFields, goFlag, goText, isEmpty } from "./go-yaml.ts";
import { ConfigFileError, quoted } from "./problem.ts";
import { describeNode, type Entry, type Reading } from "./reading.ts";
import { didYouMean } from "./suggestion.ts";
import type { YamlFile } from "./yaml-file.ts";

const modes: readonly SelectionMode[] = ["highest", "higher", "semver", "all"];

const imageKeys = [
  "source",
  "destination",
  "mode",
  "allow-prerelease",
  "compatibility",
  "replace-tag",
  "pinned-major",
] as const;

/**
 * Reads a file of replicant, of both its ages: the first one had `allow-prerelease`, the later one has `compatibility`,
 * `pinned-major` and a `mode` for all images. Tags that are there stay, unless `replace-tag` says otherwise; images
 * are compared by their IDs, as replicant does.
 * @throws ConfigFileError when the file has no images that can be read.
 * @see https://github.com/tammert/replicant/blob/main/README.md
 */
export function readReplicant({ root, reading }: YamlFile): Draft {
  const top = goFields(root, reading, "the file", ["mode", "images"]);
  const mode = modeOf(top?.get("mode"), reading, "highest");
  const images = top?.get("images");
  if (images === undefined) reading.problem(root, '"images" is missing');
  const repositories: RepositoryEntry[] = [];
  for (const image of entriesOf(images, reading)) {
    const entry = imageOf(image, mode ?? "highest", reading);
    if (entry !== undefined) repositories.push(entry);
  }
  if (top === undefined || images === undefined) throw new ConfigFileError(reading.file, reading.problems);
  const defaults = { replace_tag: false, same_image: "image-id" } as const;
  return { format: "replicant", document: { version: 1, defaults, repositories }, reading };
}

function entriesOf(images: Entry | undefined, reading: Reading): readonly Entry[] {
  const map = reading.resolve(images?.node);
  if (isMap(map)) return reading.entries(map);
  if (!isEmpty(map)) reading.problem(images?.node, `"images" must be a map, not ${describeNode(map)}`);
  return [];
}

function imageOf(image: Entry, usual: SelectionMode, reading: Reading): RepositoryEntry | undefined {
  const fields = goFields(image.node, reading, image.key, imageKeys);
  if (fields === undefined) return undefined;
  const text = (key: (typeof imageKeys)[number]): string | undefined => goText(fields.get(key), reading);
  const source = text("source");
  const destination = text("destination");
  for (const [key, value] of Object.entries({ source, destination })) {
    if (value === "")
      reading.problem(fields.get(key)?.keyNode ?? image.keyNode, `"${key}" is missing in ${quoted(image.key)}`);
  }
  const mode = modeOf(fields.get("mode"), reading, usual);
  const allowPrerelease = goFlag(fields.get("allow-prerelease"), reading);
  const replaceTag = goFlag(fields.get("replace-tag"), reading);
  const compatibility = text("compatibility");
  const major = majorOf(fields.get("pinned-major"), reading);
  if (source === undefined || destination === undefined || source === "" || destination === "") return undefined;
  const versionKeys = {
    ...(allowPrerelease === true ? { allow_prerelease: true } : {}),
    ...(compatibility === undefined || compatibility === "" ? {} : { compatibility }),
    ...(major === undefined ? {} : { pinned_major: major }),
  };
  const entry: RepositoryEntry = {
    name: image.key,
    source,
    destination,
    mode: mode ?? usual,
    // With all of them every tag is copied, whatever versions are asked for.
    ...(mode === "all" ? {} : versionKeys),
    ...(replaceTag === true ? { replace_tag: true } : {}),
  };
  reading.remember(entry, "", reading.placeOf(image.keyNode));
  for (const { key, keyNode } of fields.values())
    reading.remember(entry, key.replaceAll("-", "_"), reading.placeOf(keyNode));
  return entry;
}

function modeOf(field: Entry | undefined, reading: Reading, usual: SelectionMode): SelectionMode | undefined {
  const word = goText(field, reading);
  if (word === undefined || word === "") return usual;
  const mode = modes.find((each) => each === word);
  return mode ?? reading.problem(field?.node, `"mode" cannot be ${quoted(word)}${didYouMean(word, modes)}`);
}

function majorOf(field: Entry | undefined, reading: Reading): number | undefined {
  const text = goText(field, reading);
  if (text === undefined || text === "") return undefined;
  // Majors above 1024 are taken for dates: no version has one.
  if (/^\+?[0-9]{1,9}$/.test(text) && Number(text) <= 1024) return Number(text);
  return reading.problem(field?.node, `"pinned-major" must be a whole number from 0 to 1024, not ${quoted(text)}`);
}
