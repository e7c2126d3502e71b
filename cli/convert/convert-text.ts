import { dirname, resolve } from "node:path";
import { ConfigFileError, placeIn } from "../config/problem.ts";
import { rulesOf } from "../config/rules.ts";
import { type ConvertOptions, readForeign } from "./read-foreign.ts";
import { toNative } from "./to-native.ts";
import { toTerraform } from "./to-terraform.ts";

/** A converted file. */
export interface ConvertedText {
  readonly text: string;
  /** What has no counterpart, with its place. */
  readonly warnings: readonly string[];
}

/**
 * Converts the content of a file. Nothing is looked up: neither registries nor secrets.
 * @throws ConfigFileError with everything that is wrong in it; UsageError where the file alone does not tell enough.
 */
export function convertText(
  file: string,
  text: string,
  { to, ...options }: ConvertOptions & { readonly to: "native" | "terraform" },
): ConvertedText {
  const converted = readForeign(file, text, options);
  const { document, reading } = converted;
  rulesOf(document, dirname(resolve(file)), reading);
  if (reading.problems.length > 0) throw new ConfigFileError(file, reading.problems);
  return {
    text: to === "native" ? toNative(converted) : toTerraform(converted),
    warnings: reading.notes.map(({ place, text }) => `${placeIn(file, place)}: ${text}`),
  };
}
