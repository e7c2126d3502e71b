import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documentOf, root, tableUnder } from "./markdown.ts";

type Unit = "bytes" | "ms" | "characters" | "deep" | "times" | "";

/** Each row of the guide: where its numbers stand in the source, in the order in which the row has them. */
const sources: Readonly<Record<string, Readonly<Record<string, readonly [file: string, name: string, unit: Unit][]>>>> =
  {
    Images: {
      "a manifest or index": [["engine/oci/manifest.ts", "maxManifestBytes", "bytes"]],
      "entries of a list in a manifest": [["engine/oci/manifest.ts", "maxDescriptors", ""]],
      "indexes in indexes": [["engine/graph/walk.ts", "maxDepth", "deep"]],
      "manifests below one tag": [["engine/graph/walk.ts", "maxManifests", ""]],
      "the same, in bytes together": [["engine/graph/walk.ts", "maxTreeBytes", "bytes"]],
      "images below an index of which some platforms are copied": [["engine/copy/platforms.ts", "maxLeaves", ""]],
      "the configuration of an image that is asked for its platform": [
        ["engine/copy/platforms.ts", "maxConfigBytes", "bytes"],
      ],
      "signatures, SBOMs and attestations of one image": [["engine/graph/companions.ts", "maxCompanions", ""]],
      "the same, of each other": [["engine/graph/companions.ts", "maxDepth", "deep"]],
      "registry and repository together in a reference": [["engine/oci/reference.ts", "maxNameLength", "characters"]],
      "a tag": [["engine/graph/retention.ts", "maxTagLength", "characters"]],
      "`keep_previous`": [["provider-shim/resources/imagesync/retention.ts", "maxKeepPrevious", ""]],
    },
    Registries: {
      "a page of a list of tags": [["engine/registry/tags.ts", "maxPageBytes", "bytes"]],
      "a list of tags": [["engine/registry/tags.ts", "maxListBytes", "bytes"]],
      "pages of a list of tags": [["engine/registry/tags.ts", "maxPages", ""]],
      "what refers to one manifest, as a list": [["engine/registry/referrers.ts", "maxListBytes", "bytes"]],
      "of an error's body, what is read": [["engine/registry/errors.ts", "maxErrorBytes", "bytes"]],
      "redirects of one request": [["engine/http/redirect.ts", "maxRedirects", ""]],
      "the answer of a token service": [["engine/http/token.ts", "maxTokenAnswerBytes", "bytes"]],
      "manifests from a tag to what a delete must keep": [["engine/delete/mark.ts", "maxSteps", "deep"]],
    },
    "Times and repetitions": {
      "a connection is made": [["engine/http/timeouts.ts", "connectMs", "ms"]],
      "a registry is silent before or during an answer": [["engine/http/timeouts.ts", "headersMs", "ms"]],
      "the answer after a blob was sent": [["engine/http/timeouts.ts", "uploadHeadersMs", "ms"]],
      "a request that is no blob, with all attempts": [["engine/http/timeouts.ts", "controlMs", "ms"]],
      "a blob is slower than 512 bytes a second": [
        ["engine/http/timeouts.ts", "minBytesPerSecond", ""],
        ["engine/http/timeouts.ts", "throughputWindowMs", "ms"],
      ],
      "a request is sent again": [
        ["provider-shim/process-settings.ts", "defaultRetries", "times"],
        ["provider-shim/process-settings.ts", "maxRetries", ""],
      ],
      "the shortest pause before that": [["engine/http/backoff.ts", "baseDelayMs", "ms"]],
      "the longest pause that is not the registry's wish": [["engine/http/backoff.ts", "maxDelayMs", "ms"]],
      "all pauses of a request together": [["engine/http/backoff.ts", "budgetMs", "ms"]],
      "an image is tried as a whole": [["engine/sync/apply-item.ts", "maxAttempts", "times"]],
      "a credential helper answers": [["engine/credentials/credential-helper.ts", "defaultHelperTimeoutMs", "ms"]],
      "a login of a cloud is had": [["engine/credentials/cloud-logins.ts", "defaultDeadlineMs", "ms"]],
      "create, update and delete of a resource": [
        ["provider-shim/timeouts.ts", "create", "ms"],
        ["provider-shim/timeouts.ts", "longestMs", "ms"],
      ],
      "read of a resource": [
        ["provider-shim/timeouts.ts", "read", "ms"],
        ["provider-shim/timeouts.ts", "longestMs", "ms"],
      ],
    },
    "At the same time": {
      "blobs of up to 1 MiB on their way": [
        ["engine/copy/scheduler.ts", "smallBlobBytes", "bytes"],
        ["engine/copy/scheduler.ts", "smallSlots", ""],
        ["provider-shim/process-settings.ts", "maxTransfers", ""],
      ],
      "larger blobs on their way": [["engine/copy/scheduler.ts", "largeSlots", ""]],
      "requests to one registry": [["engine/http/transport.ts", "defaultMaxConnections", ""]],
      "images of a set or of a file": [["engine/sync/apply.ts", "parallelItems", ""]],
      "deletes between two looks at what is in use": [["engine/delete/sweep.ts", "deletesPerMark", ""]],
    },
    Selections: {
      "patterns in a list": [["engine/select/criteria.ts", "maxPatterns", ""]],
      "a glob": [["engine/select/glob-pattern.ts", "maxLength", "characters"]],
      "braces in braces": [["engine/select/glob-pattern.ts", "maxDepth", "deep"]],
      "a regular expression": [["engine/select/regex.ts", "maxLength", "characters"]],
      "a range of versions": [["engine/select/semver.ts", "maxLength", "characters"]],
      "a major number that is taken for a version": [["engine/select/version.ts", "maxMajor", ""]],
    },
    Files: {
      "a configuration file": [["cli/config/yaml-file.ts", "maxBytes", "bytes"]],
      "values in it, anchors resolved": [["cli/config/reading.ts", "maxNodes", ""]],
      "nesting in it": [["cli/config/yaml-file.ts", "maxNesting", ""]],
      "a docker configuration": [["engine/credentials/docker-config.ts", "maxConfigBytes", "bytes"]],
      "what a credential helper prints": [["engine/credentials/helper-process.ts", "maxHelperOutputBytes", "bytes"]],
      "digests of a tag in a lock file": [["cli/lock/lock-document.ts", "maxDigestsOfTag", ""]],
      "a saved plan": [["cli/sync/plan-file.ts", "maxPlanBytes", "bytes"]],
      "the index of an OCI layout": [["engine/layout/index-document.ts", "maxIndexBytes", "bytes"]],
      "entries of it": [["engine/layout/index-document.ts", "maxEntries", ""]],
      "files in an archive": [["engine/layout/tar-index.ts", "maxEntries", ""]],
    },
  };

test.each(Object.entries(sources))("the limits under %s are the numbers of the code", (heading, rows) => {
  const said = tableUnder(heading, documentOf("docs/guides/limits.md")).map((cells) => ({
    what: cells[0] ?? "",
    numbers: numbersIn(cells.join(" | ")),
  }));
  const meant = Object.entries(rows).map(([what, places]) => ({
    what,
    numbers: places.map(([file, name, unit]) => written(valueOf(file, name), unit)),
  }));
  expect(said).toEqual(meant);
});

test("the bounds of requests that the provider names beside its settings are those of the engine", () => {
  const shim = "provider-shim/process-settings.ts";
  const pairs = [
    ["controlMs", "engine/http/timeouts.ts", "controlMs"],
    ["budgetMs", "engine/http/backoff.ts", "budgetMs"],
    ["defaultMinDelayMs", "engine/http/backoff.ts", "baseDelayMs"],
    ["defaultMaxDelayMs", "engine/http/backoff.ts", "maxDelayMs"],
  ] as const;
  for (const [ours, file, name] of pairs) expect(valueOf(shim, ours)).toBe(valueOf(file, name));
  expect(valueOf(shim, "defaultRetries") + 1).toBe(valueOf("engine/http/backoff.ts", "attempts"));
});

/** The numbers of a row, with their units. */
function numbersIn(row: string): readonly string[] {
  return row.match(/(?<![\w`])\d[\d,]*(?: (?:[KM]iB|ms|s|min|h|characters|deep|times)\b)?/g) ?? [];
}

/** A number that a source file has under a name: a product of whole numbers. */
function valueOf(file: string, name: string): number {
  const text = readFileSync(join(root, file), "utf8");
  const [, expression] =
    new RegExp(`(?:^|[\\s{])${name}(?:: number)?(?: =|:) ([\\d_ *n]+)[;,}\\s]`, "m").exec(text) ?? [];
  if (expression === undefined) throw new Error(`${file} has no number ${name}`);
  return expression.split(/ \* /).reduce((product, factor) => {
    const [base = "", exponent = "1"] = factor.replaceAll(/[_n]/g, "").split(" ** ");
    return product * Number(base) ** Number(exponent);
  }, 1);
}

function written(value: number, unit: Unit): string {
  if (unit === "bytes") return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2} MiB` : `${value / 1024} KiB`;
  if (unit === "ms") {
    if (value % 3_600_000 === 0) return `${value / 3_600_000} h`;
    // A minute is written in seconds, as the settings are.
    if (value % 60_000 === 0 && value > 60_000) return `${value / 60_000} min`;
    return value % 1000 === 0 ? `${value / 1000} s` : `${value} ms`;
  }
  return `${value.toLocaleString("en")}${unit === "" ? "" : ` ${unit}`}`;
}
