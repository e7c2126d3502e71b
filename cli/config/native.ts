import type { Draft } from "./draft.ts";
import { nativeShape } from "./native-shape.ts";
import { ConfigFileError } from "./problem.ts";
import type { YamlFile } from "./yaml-file.ts";

/** Reads a file in our own words. @throws ConfigFileError with every mistake in its structure. */
export function readNative({ root, reading }: YamlFile): Draft {
  if (root === null) reading.problem(root, 'the file is empty; begin with "version: 1"');
  const document = root === null ? undefined : nativeShape.read(root, reading, "the file");
  if (document === undefined) throw new ConfigFileError(reading.file, reading.problems);
  return { format: "native", document, reading };
}
