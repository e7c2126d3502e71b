import {
  checkGlob,
  checkSelection,
  type Platform,
  parsePlatform,
  type Policy,
  type Selection,
  toImagesyncError,
} from "../../engine/index.ts";
import type { DeletionKeys, PolicyKeys, RepositoryEntry } from "./document.ts";
import type { Reading } from "./reading.ts";

/** How the images of an entry are copied: what it says itself goes before the defaults. */
export function policyOf(entry: PolicyKeys, defaults: PolicyKeys, reading: Reading): Policy {
  const own = (key: keyof PolicyKeys): object => (entry[key] === undefined ? defaults : entry);
  const { referrers = true, artifact_types, ...keys } = { ...defaults, ...entry };
  return {
    ...present("platforms", platformsOf(keys.platforms, own("platforms"), "platforms", reading)),
    ...present(
      "requiredPlatforms",
      platformsOf(keys.required_platforms, own("required_platforms"), "required_platforms", reading),
    ),
    ...present("integrity", keys.integrity_check),
    ...present("createRepository", keys.create_repository),
    ...present("onConflict", keys.on_conflict),
    ...present("replaceTags", keys.replace_tag),
    ...present("sameImage", keys.same_image),
    ...(referrers ? { referrers: present("artifactTypes", nonEmpty(artifact_types)) } : {}),
  };
}

/** Which tags of a repository an entry wants. */
export function selectionOf(entry: RepositoryEntry, reading: Reading): Selection {
  const selection: Selection = {
    ...present("tags", entry.tags),
    ...present("mode", entry.mode),
    ...present("allowPrerelease", entry.allow_prerelease),
    ...present("compatibility", entry.compatibility),
    ...present("pinnedMajor", entry.pinned_major),
    ...present("range", entry.range),
    ...present("include", nonEmpty(entry.include)),
    ...present("exclude", nonEmpty(entry.exclude)),
    ...present("includeRegex", nonEmpty(entry.include_regex)),
    ...present("excludeRegex", nonEmpty(entry.exclude_regex)),
    ...present("keepLatest", entry.keep_latest),
    ...present("higherOnEmpty", entry.higher_on_empty),
  };
  try {
    checkSelection(selection);
  } catch (error) {
    const { message, hint = "" } = toImagesyncError(error, "read a selection");
    const [, field = ""] = /^Invalid "(\w+)"/.exec(message) ?? [];
    const key = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const text = message.replace(/^Invalid "\w+" of a selection: /, "");
    reading.problem(reading.where(entry, key), `"${key}" cannot be used: ${text}. ${hint}`, "meaning");
  }
  return selection;
}

/** What keeps the deletions of an entry from emptying the destination. */
export function deletionsOf(keys: DeletionKeys | undefined, reading: Reading): Pick<Policy, "deletions"> {
  if (keys === undefined) return {};
  for (const glob of keys.protect ?? []) {
    try {
      checkGlob(glob);
    } catch (error) {
      reading.problem(reading.where(keys, "protect"), toImagesyncError(error, "read a glob").message, "meaning");
    }
  }
  return {
    deletions: {
      ...present("maxShare", keys.max_share),
      ...present("protect", nonEmpty(keys.protect)),
      ...present("allowEmptySource", keys.allow_empty_source),
    },
  };
}

/** The property, unless there is no value: an absent one leaves the engine its own default. */
function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  // A computed key has the type string for the compiler.
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}

/** An empty list in a file means the same as none. */
function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

function platformsOf(
  names: readonly string[] | undefined,
  owner: object,
  key: string,
  reading: Reading,
): readonly Platform[] | undefined {
  const platforms: Platform[] = [];
  for (const name of nonEmpty(names) ?? []) {
    try {
      platforms.push(parsePlatform(name));
    } catch (error) {
      reading.problem(reading.where(owner, key), toImagesyncError(error, "read a platform").message, "meaning");
    }
  }
  return nonEmpty(platforms);
}
