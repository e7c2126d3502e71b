import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What has to be said of a package whose code is in what is given away. */
export interface PackageLicence {
  readonly name: string;
  readonly version: string;
  /** As SPDX writes it. */
  readonly licence: string;
  /** The texts that the licence wants to be passed on. */
  readonly text: string;
}

/** Licences that ask for no more than to be passed on with the code. Others need a decision, not an entry here. */
const allowedLicences: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
]);

/** Reads the text of a package that has none in a file of the usual name. */
type Reading = (directory: string) => Promise<string>;

/** Of the same authors and repository: not every package of it has the file. */
const likeClientEcr: Reading = (directory) => readFile(join(directory, "..", "client-ecr", "LICENSE"), "utf8");

const textsElsewhere: ReadonlyMap<string, Reading> = new Map([
  ["@aws-sdk/credential-provider-http", likeClientEcr],
  ["@aws-sdk/credential-provider-login", likeClientEcr],
  ["@aws-sdk/nested-clients", likeClientEcr],
  // Neither the package nor its repository has a text: these are its author and licence as it names them.
  [
    "@bomb.sh/tab",
    async () =>
      `Copyright (c) Bombshell Authors (https://github.com/bombshell-dev)\n\n${await readFile(join(import.meta.dirname, "mit-licence.txt"), "utf8")}`,
  ],
  // A notice before the code that is of Google, and one before the code that is not; the Apache License as AWS has it.
  [
    "@bufbuild/protobuf",
    async (directory) => {
      const wire = join(directory, "dist/esm/wire");
      const notices = await Promise.all(
        ["binary-encoding.js", "varint.js"].map((file) => noticeBefore(join(wire, file))),
      );
      return [...notices, await likeClientEcr(join(directory, "../../@aws-sdk/any"))].join("\n");
    },
  ],
  [
    "data-uri-to-buffer",
    async (directory) => (await readFile(join(directory, "README.md"), "utf8")).replace(/^.*\nLicense\n-+\n/s, ""),
  ],
]);

/** The comment that a file begins with. */
async function noticeBefore(file: string): Promise<string> {
  const [comment = ""] = /^(?:\/\/.*\n)+/.exec(await readFile(file, "utf8")) ?? [];
  return comment.replaceAll(/^\/\/ ?/gm, "");
}

/**
 * Reads the licence of an installed package, and what its authors want to be said of it (`NOTICE`).
 * @throws when there is no text, or it is a licence that nobody has allowed
 */
export async function packageLicence(directory: string): Promise<PackageLicence> {
  const manifest = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license?: unknown;
  };
  const { name, version, license } = manifest;
  if (typeof license !== "string" || !isAllowed(license)) {
    const allowed = [...allowedLicences].join(", ");
    throw new Error(`${name} ${version} is under ${JSON.stringify(license)}: what is passed on is under ${allowed}`);
  }
  const read = textsElsewhere.get(name) ?? readFiles;
  const text = (await read(directory)).replaceAll("\r\n", "\n").trim();
  if (text === "") {
    throw new Error(
      `${name} ${version} has no text of its licence: tools/release/package-licence.ts may say where it is`,
    );
  }
  return { name, version, licence: license, text };
}

async function readFiles(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i.test(name));
  if (names.every((name) => /^notice/i.test(name))) return "";
  const texts = await Promise.all(names.sort().map((name) => readFile(join(directory, name), "utf8")));
  return texts.map((text) => text.trim()).join("\n\n");
}

/** Whether one of the choices of an SPDX expression is allowed. One with choices in parentheses is taken for none. */
function isAllowed(expression: string): boolean {
  const plain = expression.replace(/^\((.*)\)$/, "$1");
  if (/[()]/.test(plain)) return false;
  return plain.split(" OR ").some((choice) => choice.split(" AND ").every((each) => allowedLicences.has(each)));
}
