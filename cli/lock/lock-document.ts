import type { Digest } from "../../engine/index.ts";
import { UsageError } from "../usage-error.ts";

/** A digest that a tag has held, and when that was first seen. */
export interface Seen {
  readonly digest: Digest;
  /** RFC 3339, in UTC. */
  readonly firstSeen: string;
}

/** What tags have held: canonical reference with its tag, to its digests, the newest last. */
export type History = ReadonlyMap<string, readonly Seen[]>;

/** How a lock file is written: by the ending of its name, `.yaml` and `.yml` are YAML. */
export type LockForm = "json" | "yaml";

/** The form of a lock file by its name. */
export function lockFormOf(file: string): LockForm {
  return /\.ya?ml$/i.test(file) ? "yaml" : "json";
}

/** Beyond it a file is no lock file: two hundred thousand tags fit in JSON, and YAML takes its time. Bytes. */
export const maxLockBytes: Readonly<Record<LockForm, number>> = { json: 64 * 1024 * 1024, yaml: 4 * 1024 * 1024 };

/** Older digests of a tag are forgotten. */
export const maxDigestsOfTag = 100;

const formatVersion = 1;
const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/** The engine's readers; handed in, because loading the engine costs start-up time. */
export interface LockReaders {
  readonly isDigest: (text: string) => text is Digest;
  /** The canonical form of a reference with a tag. @throws when it is none. */
  readonly canonical: (text: string) => string;
}

/**
 * Reads a lock file, believing nothing: a file that is not exactly what {@link formatLock} writes is an error, never an
 * empty history, because that would accept every digest. @throws UsageError
 */
export async function parseLock(text: string, file: string, readers: LockReaders): Promise<History> {
  const fail = (why: string): UsageError => lockFault(file, why);
  const root = recordOf(await parsed(text, file), () => fail("it is not a mapping"));
  const { version, tags, ...others } = Object.fromEntries(root);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw fail(`${JSON.stringify(unknown.slice(0, 80))} is not known`);
  if (version === undefined) throw fail("it has no version");
  if (version !== formatVersion)
    throw fail(`its version is ${JSON.stringify(version)?.slice(0, 80)}, not ${formatVersion}`);
  const history = new Map<string, readonly Seen[]>();
  for (const [tag, entries] of recordOf(tags, () => fail('"tags" is not a mapping'))) {
    const at = `"${tag.slice(0, 200)}"`;
    if (canonicalOf(tag, readers) !== tag) throw fail(`${at} is not a whole reference with a tag`);
    if (!Array.isArray(entries) || entries.length === 0) throw fail(`${at} has no list of digests`);
    if (entries.length > maxDigestsOfTag) throw fail(`${at} has more than ${maxDigestsOfTag} digests`);
    history.set(
      tag,
      entries.map((entry: unknown) =>
        seenOf(entry, readers, () => fail(`${at} has an entry without digest and firstSeen`)),
      ),
    );
  }
  return history;
}

/** The text of a lock file: sorted, so that it differs only where something has changed. */
export async function formatLock(history: History, form: LockForm): Promise<string> {
  const sorted = [...history].sort(([one], [other]) => (one < other ? -1 : 1));
  const document = { version: formatVersion, tags: Object.fromEntries(sorted) };
  if (form === "json") return `${JSON.stringify(document, undefined, 2)}\n`;
  const { stringify } = await import("yaml");
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** An error about a lock file. */
export function lockFault(
  file: string,
  why: string,
  hint = "Take the last good version of it from where it is kept, or delete it to accept every digest as it is now",
): UsageError {
  return new UsageError(`Cannot use the lock file "${file}": ${why}`, hint);
}

async function parsed(text: string, file: string): Promise<unknown> {
  try {
    if (lockFormOf(file) === "json") return JSON.parse(text) as unknown;
    const { isMap, isScalar, parseDocument, visit } = await import("yaml");
    // Its own search for keys that are there twice takes a time that is quadratic in their number.
    const document = parseDocument(text, { schema: "core", uniqueKeys: false, prettyErrors: true });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    visit(document, (_key, node) => {
      if (!isMap(node)) return;
      const names = node.items.map(({ key }) => String(isScalar(key) ? key.value : key));
      const twice = new Set(names).size < names.length;
      if (twice) throw new Error("a name is there twice");
    });
    // Nothing that we write refers to itself; what does could grow without end.
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch (error) {
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw lockFault(file, reason.slice(0, 200));
  }
}

/** The entries of a mapping, also of one with names such as `__proto__`. */
function recordOf(value: unknown, fault: () => UsageError): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault();
  return Object.entries(value);
}

function seenOf(entry: unknown, { isDigest }: LockReaders, fault: () => UsageError): Seen {
  const { digest, firstSeen, ...others } = Object.fromEntries(recordOf(entry, fault));
  if (typeof digest !== "string" || !isDigest(digest) || Object.keys(others).length > 0) throw fault();
  if (typeof firstSeen !== "string" || !timePattern.test(firstSeen) || Number.isNaN(Date.parse(firstSeen)))
    throw fault();
  return { digest, firstSeen };
}

function canonicalOf(tag: string, { canonical }: LockReaders): string | undefined {
  try {
    return canonical(tag);
  } catch {
    // Whatever is wrong with it, it is no key that we have written.
    return undefined;
  }
}
