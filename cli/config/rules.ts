import { resolve } from "node:path";
import { isLayoutKind, parseLocation, type Reference, tagOrLatest, toImagesyncError } from "../../engine/index.ts";
import { Claims } from "./claims.ts";
import type { ConfigDocument, ImageEntry, RepositoryEntry } from "./document.ts";
import { deletionsOf, policyOf, selectionOf } from "./policy.ts";
import { quoted } from "./problem.ts";
import type { Reading } from "./reading.ts";
import type { NamedRule } from "./sync-config.ts";

/**
 * The rules of a configuration, images before repositories. What is wrong with them goes to the reading: references
 * that are none, places that two entries write, deletions that would undo another entry.
 * @param folder what relative paths of layouts start at
 */
export function rulesOf(document: ConfigDocument, folder: string, reading: Reading): NamedRule[] {
  const claims = new Claims(reading);
  const defaults = document.defaults ?? {};
  const rules: NamedRule[] = [];
  for (const entry of document.images ?? []) {
    const ends = reading.isFlawed(entry) ? undefined : endsOf(entry, folder, reading);
    if (ends === undefined || !isImage(entry, ends, reading)) continue;
    claims.image(entry, ends.destination);
    const rule = {
      ...ends,
      ...(entry.additional_tags === undefined ? {} : { additionalTags: entry.additional_tags }),
      policy: policyOf(entry, defaults, reading),
    };
    rules.push(named(entry, rule, reading));
  }
  for (const entry of document.repositories ?? []) {
    const ends = reading.isFlawed(entry) ? undefined : endsOf(entry, folder, reading);
    if (ends === undefined || !isRepository(entry, ends, reading)) continue;
    claims.repository(entry, ends.destination);
    const policy = { ...policyOf(entry, defaults, reading), ...deletionsOf(entry.deletions, reading) };
    rules.push(named(entry, { ...ends, selection: selectionOf(entry, reading), policy }, reading));
  }
  claims.check();
  return rules;
}

interface Ends {
  readonly source: Reference;
  readonly destination: Reference;
}

function named(entry: ImageEntry | RepositoryEntry, rule: NamedRule["rule"], reading: Reading): NamedRule {
  return { name: entry.name ?? entry.destination, line: reading.where(entry).line, rule };
}

function endsOf(entry: ImageEntry | RepositoryEntry, folder: string, reading: Reading): Ends | undefined {
  const source = referenceOf(entry, "source", folder, reading);
  const destination = referenceOf(entry, "destination", folder, reading);
  return source && destination && { source, destination };
}

function referenceOf(
  entry: ImageEntry | RepositoryEntry,
  key: "source" | "destination",
  folder: string,
  reading: Reading,
): Reference | undefined {
  try {
    const reference = parseLocation(entry[key]);
    const { registry, spelled } = reference;
    if (!isLayoutKind(registry)) return reference;
    return { ...reference, repository: resolve(folder, spelled.slice(registry.length)) };
  } catch (error) {
    const { message, hint } = toImagesyncError(error, "read a reference");
    const text = hint === undefined ? message : `${message}. ${hint}`;
    return reading.problem(reading.where(entry, key), text, "meaning");
  }
}

/** Without a tag at the destination it would be `latest`, whatever the source's is: nobody means that. */
function isImage(entry: ImageEntry, { source, destination }: Ends, reading: Reading): boolean {
  const refuse = (text: string): boolean => {
    reading.problem(reading.where(entry, "destination"), text, "meaning");
    return false;
  };
  if (destination.tag === undefined) {
    return refuse(`the destination has no tag; write ${quoted(`${entry.destination}:${source.tag ?? "latest"}`)}`);
  }
  if (destination.digest !== undefined && destination.digest !== source.digest) {
    return refuse("the destination has a digest that is not the source's; leave it out");
  }
  const same = destination.registry === source.registry && destination.repository === source.repository;
  if (same && source.digest === undefined && destination.tag === tagOrLatest(source)) {
    return refuse("source and destination are the same");
  }
  return true;
}

function isRepository(entry: RepositoryEntry, ends: Ends, reading: Reading): boolean {
  for (const key of ["source", "destination"] as const) {
    const { tag, digest } = ends[key];
    if (tag === undefined && digest === undefined) continue;
    const text = `a repository has no tag and no digest; name tags in "tags", or put the entry below "images"`;
    reading.problem(reading.where(entry, key), text, "meaning");
    return false;
  }
  if (ends.source.registry !== ends.destination.registry) return true;
  if (ends.source.repository !== ends.destination.repository) return true;
  reading.problem(reading.where(entry, "destination"), "source and destination are the same", "meaning");
  return false;
}
