import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { isMap } from "yaml";
import { quoted } from "./problem.ts";
import { describeNode, type Reading } from "./reading.ts";
import { record } from "./record.ts";
import { scalarOf, type Shape, text } from "./shape.ts";

/** Where a secret is: files of configuration hold none. */
export type Secret = { readonly env: string } | { readonly file: string };

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const secretFields: Shape<{ env?: string; file?: string }> = record<{ env?: string; file?: string }>({
  env: {
    shape: text({ pattern: variableName, form: "the name of a variable" }),
    description: "Name of the environment variable that holds it.",
  },
  file: { shape: text(), description: "File that holds it, relative to the configuration's folder." },
});

/** `{env: NAME}` or `{file: PATH}`. */
export const secret: Shape<Secret> = {
  schema: { ...secretFields.schema, minProperties: 1, maxProperties: 1 },
  read(node, reading, name) {
    const resolved = reading.resolve(node);
    if (!isMap(resolved)) {
      // Not the value: it may be the secret.
      const found = typeof scalarOf(resolved) === "string" ? "the value itself" : describeNode(resolved);
      const key = quoted(name);
      return reading.problem(node, `${key} must be {env: NAME} or {file: PATH}, not ${found}: files hold no secrets`);
    }
    const { env, file } = secretFields.read(node, reading, name) ?? {};
    if (env !== undefined && file === undefined) return { env };
    if (file !== undefined && env === undefined) return { file };
    const told = resolved.items.length === 1;
    return told ? undefined : reading.problem(node, `${quoted(name)} must be either {env: NAME} or {file: PATH}`);
  },
};

/** A text that is no secret in itself, or where it is. */
export function textOrSecret(plain: Shape<string>): Shape<string | Secret> {
  return {
    schema: { anyOf: [plain.schema, secret.schema] },
    read: (node, reading, name) =>
      isMap(reading.resolve(node)) ? secret.read(node, reading, name) : plain.read(node, reading, name),
  };
}

/** Where the values of secrets come from. */
export interface SecretPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What relative paths of files start at. */
  readonly folder: string;
}

/** The longest key file of a cloud has a few kilobytes. */
const maxSecretBytes = 64 * 1024;

/**
 * The value. What is wrong goes to the reading, at `owner`'s `key`, without the value.
 * @returns undefined when there is none.
 */
export async function valueOf(
  value: string | Secret | undefined,
  { environment, folder }: SecretPlaces,
  reading: Reading,
  owner: object,
  key: string,
): Promise<string | undefined> {
  if (value === undefined || typeof value === "string") return value;
  const place = reading.where(owner, key);
  if ("env" in value) {
    const found = environment[value.env];
    if (found !== undefined && found !== "") return found;
    return reading.problem(place, `the environment variable ${value.env} for ${quoted(key)} is not set`, "meaning");
  }
  try {
    const bytes = await readFile(pathOf(value.file, folder));
    // Editors end files with a line break, which belongs to no secret.
    const content = bytes.toString("utf8").replace(/\r?\n$/, "");
    if (bytes.length <= maxSecretBytes && content !== "") return content;
    return reading.problem(place, `the file ${quoted(value.file)} for ${quoted(key)} is empty or too large`, "meaning");
  } catch {
    return reading.problem(place, `the file ${quoted(value.file)} for ${quoted(key)} cannot be read`, "meaning");
  }
}

/** The path of a file that a configuration names. */
export function pathOf(file: string, folder: string): string {
  return file.startsWith("~/") ? join(homedir(), file.slice(2)) : resolve(folder, file);
}
