import { checkSelection, ImagesyncError, type Selection, type SelectionMode } from "../engine/index.ts";
import { numberOf } from "./registry-block.ts";
import type { Context } from "./protocol/context.ts";
import { attributePath } from "./protocol/diagnostics.ts";
import type { Block } from "./protocol/schema.ts";
import { isUnknown, type ObjectValue, type Value } from "./protocol/value.ts";

/** The attributes that say which tags of a repository are wanted, for types that only look. */
export const selectionAttributes: Block["attributes"] = {
  mode: {
    type: "string",
    optional: true,
    description:
      "`highest`: the highest version; `semver`: every version; `all`: every tag. A version is a tag such as `1`, `v1.2` or `1.2.3-alpine`. Defaults to `all`.",
  },
  allow_prerelease: {
    type: "bool",
    optional: true,
    description:
      "Whether versions with a prerelease part, such as `1.2.3-rc.1`, count. It has no effect on the mode `all`. Defaults to `false`.",
  },
  compatibility: {
    type: "string",
    optional: true,
    description:
      'Only versions whose prerelease part is exactly this: `"alpine"` for `1.2.3-alpine`, `""` for plain versions only. Defaults to no such condition.',
  },
  pinned_major: {
    type: "number",
    optional: true,
    description: "Only versions of this major number. Defaults to any.",
  },
  range: {
    type: "string",
    optional: true,
    description: "Only versions in this range, in npm's notation, such as `>=1.2 <3 || ~4.1`. Defaults to any.",
  },
  include: {
    type: ["set", "string"],
    optional: true,
    description:
      "Globs (`*`, `**`, `?`, `{a,b}`): a tag must match one of these or of `include_regex`. Defaults to every tag.",
  },
  exclude: {
    type: ["set", "string"],
    optional: true,
    description: "Globs: a tag must match none of them. Defaults to none.",
  },
  include_regex: {
    type: ["set", "string"],
    optional: true,
    description:
      "Regular expressions in RE2's syntax, for the whole tag: a tag must match one of these or of `include`. Defaults to every tag.",
  },
  exclude_regex: {
    type: ["set", "string"],
    optional: true,
    description: "Regular expressions in RE2's syntax: a tag must match none of them as a whole. Defaults to none.",
  },
  keep_latest: {
    type: "number",
    optional: true,
    description: "Only so many of the versions that are left, the highest ones; at least 1. Defaults to all of them.",
  },
};

/** The same for types that copy: tags can be named, and the mode `higher` compares to the destination. */
export const destinationSelectionAttributes: Block["attributes"] = {
  ...selectionAttributes,
  mode: {
    type: "string",
    optional: true,
    description:
      "`highest`: the highest version; `higher`: the versions above the destination's highest; `semver`: every version; `all`: every tag. A version is a tag such as `1`, `v1.2` or `1.2.3-alpine`. Defaults to `all`.",
  },
  tags: {
    type: ["set", "string"],
    optional: true,
    description:
      "These tags, by name and without listing the repository; one that is missing is an error. Everything else narrows them down. Defaults to every tag of the repository.",
  },
  higher_on_empty: {
    type: "string",
    optional: true,
    description:
      "What the mode `higher` takes while the destination has no version yet: `none`, `highest` or `all`. Defaults to `none`.",
  },
};

/** Every attribute of a selection, in the order in which they are explained. */
const selectionNames: readonly string[] = Object.keys(destinationSelectionAttributes);

/** Whether part of a selection is not known yet, so that nothing can be selected. */
export function isSelectionUnknown(value: ObjectValue): boolean {
  return selectionNames.some((name) => {
    const found = value[name];
    return isUnknown(found) || (Array.isArray(found) && (found as readonly Value[]).some((item) => isUnknown(item)));
  });
}

/**
 * Checks what of a selection is known, offline. Every finding points at its attribute. An empty set of patterns asks for
 * nothing, but an empty set of tags can only be a mistake.
 */
export function validateSelection(config: ObjectValue, { diagnostics }: Context): void {
  const tags = config["tags"];
  if (Array.isArray(tags) && tags.length === 0) {
    const detail = "An empty set of tags selects nothing. Remove the attribute to select among all tags, or name some.";
    diagnostics.error("Invalid tags", detail, attributePath("tags"));
  }
  const selection = selectionOf(config);
  const alone = Object.entries(selection).map(([field, given]) => findFault({ [field]: given }));
  const faults = alone.filter((fault) => fault !== undefined);
  const together = faults.length === 0 ? findFault(selection) : undefined;
  for (const { field, problem, hint } of together ? [together] : faults) {
    const attribute = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const detail = `Cannot select by it: ${problem}.${hint === undefined ? "" : ` ${hint}.`}`;
    diagnostics.error(`Invalid ${attribute}`, detail, attributePath(attribute));
  }
}

/** What the engine has against a selection, and in which of its fields. */
function findFault(
  selection: Selection,
): { readonly field: string; readonly problem: string; readonly hint: string | undefined } | undefined {
  try {
    checkSelection(selection);
    return undefined;
  } catch (error) {
    if (!(error instanceof ImagesyncError)) throw error;
    const [prefix = "", field = "mode"] = /^Invalid "(\w+)" of a selection: /.exec(error.message) ?? [];
    return { field, problem: error.message.slice(prefix.length), hint: error.hint };
  }
}

/** The selection that a block asks for. What is null or unknown in it is taken for not given; nothing is checked. */
export function selectionOf(value: ObjectValue): Selection {
  const selection = {
    // Whatever is written there: that it is a mode is for checkSelection to say.
    mode: text(value["mode"]) as SelectionMode | undefined,
    tags: texts(value["tags"]),
    allowPrerelease: value["allow_prerelease"] === true ? true : undefined,
    compatibility: text(value["compatibility"]),
    pinnedMajor: numberOf(value["pinned_major"]),
    range: text(value["range"]),
    include: texts(value["include"]),
    exclude: texts(value["exclude"]),
    includeRegex: texts(value["include_regex"]),
    excludeRegex: texts(value["exclude_regex"]),
    keepLatest: numberOf(value["keep_latest"]),
    higherOnEmpty: text(value["higher_on_empty"]) as Selection["higherOnEmpty"],
  };
  return Object.fromEntries(Object.entries(selection).filter(([, given]) => given !== undefined));
}

function text(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/**
 * Sorted, so that the order in which Terraform hands over a set makes no difference. An empty set asks for nothing, and so
 * does one of which nothing is known.
 */
function texts(value: Value | undefined): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const known = (value as readonly Value[]).filter((item): item is string => typeof item === "string");
  return known.length === 0 ? undefined : known.sort();
}
