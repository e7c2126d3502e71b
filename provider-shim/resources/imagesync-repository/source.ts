import {
  atDigest,
  type Digest,
  formatReference,
  ImagesyncError,
  parseRepository,
  type Reference,
  type Selection,
  type Side,
} from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { selectionOf } from "../../selection.ts";
import { platformsIn, text, texts } from "../imagesync/state.ts";
import { guardOf } from "./deletions.ts";
import type { Memory, Wanted, Wish } from "./memory.ts";
import { repositoryIn } from "./state.ts";

/** What the source said. */
export interface Asked {
  readonly wanted: Wanted;
  /** Tags that could not be asked for, each with the reason. What is mirrored of them is in `wanted` as it is. */
  readonly failures: readonly TagFailure[];
}

export interface TagFailure {
  readonly tag: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly side?: Side | undefined;
}

/** The question that a set of wanted images answers: which source, which of its tags, reduced to which platforms. */
export function questionOf(value: ObjectValue): string | undefined {
  const source = canonicalRepository(text(value, "source"));
  if (source === undefined) return undefined;
  return JSON.stringify([source, selectionOf(value), texts(value, "platforms")]);
}

/** The canonical name of a repository; undefined for what names none. */
export function canonicalRepository(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  try {
    const { registry, repository } = parseRepository(name);
    return `${registry}/${repository}`;
  } catch (error) {
    if (error instanceof ImagesyncError && error.code === "invalid-reference") return undefined;
    throw error;
  }
}

/**
 * Asks the source which tags are wanted and what they hold: one list, and one HEAD for each tag. A tag that cannot be
 * asked for stays as it is mirrored.
 * @throws what the registry raises when the tags cannot be listed; `not-found` when none of those that are mirrored is
 * there any more, unless that is allowed.
 */
export async function askSource(
  value: ObjectValue,
  memory: Memory,
  provider: Configured,
  signal: AbortSignal,
): Promise<Asked> {
  const question = questionOf(value) ?? "";
  const selection = selectionOf(value);
  const owned = new Set([...memory.ours.keys(), ...memory.unfinished]);
  const chosen = await select(value, selection, provider, signal);
  const found = new Map(chosen.found);
  const failures = [...chosen.failures];
  if (selection.mode === "higher") {
    // What is there already is not above the highest, and would leave the set as soon as it has been copied.
    const rest = [...owned].filter((tag) => !found.has(tag));
    const named = { ...selection, mode: "semver", tags: rest, higherOnEmpty: undefined } as const;
    const stay = rest.length === 0 ? undefined : await select(value, named, provider, signal);
    for (const [tag, digest] of stay?.found ?? []) found.set(tag, digest);
    failures.push(...(stay?.failures ?? []).filter(({ code }) => code !== "not-found"));
  }
  const images = await copiesOf(value, found, memory, { question, provider, signal, failures });
  for (const { tag } of failures) {
    const own = memory.ours.get(tag);
    if (own) images.set(tag, { source: own.source, digest: own.digest });
  }
  if (images.size === 0 && memory.ours.size > 0 && guardOf(value)?.allowEmptySource !== true) throw empty(value);
  return { wanted: { question, images }, failures };
}

interface CodedFailure extends TagFailure {
  readonly code: string;
}

interface Chosen {
  readonly found: ReadonlyMap<string, Digest>;
  readonly failures: readonly CodedFailure[];
}

async function select(
  value: ObjectValue,
  selection: Selection,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<Chosen> {
  const [source, destination] = [repositoryIn(value, "source"), repositoryIn(value, "destination")];
  const { images, failures } = await engine.select({ source, destination, selection }, { signal });
  const vanished = (code: string): boolean => code === "not-found" && selection.tags === undefined;
  return {
    found: new Map(images.map(({ tag, source: { digest: held }, digest }) => [tag, held ?? digest])),
    failures: failures
      // Between the list and the question somebody has removed it: it is as if the list had not had it.
      .filter(({ code }) => !vanished(code))
      .map(({ source: { tag = "" }, code, message, hint, side }) => ({ tag, code, message, hint, side })),
  };
}

/** What copies will have: the source's digests, or those of the platform subsets. */
async function copiesOf(
  value: ObjectValue,
  found: ReadonlyMap<string, Digest>,
  memory: Memory,
  to: {
    readonly question: string;
    readonly provider: Configured;
    readonly signal: AbortSignal;
    readonly failures: CodedFailure[];
  },
): Promise<Map<string, Wish>> {
  const platforms = platformsIn(value, "platforms");
  if (platforms.length === 0) return new Map([...found].map(([tag, digest]) => [tag, { source: digest, digest }]));
  const known = memory.wanted?.question === to.question ? [...memory.wanted.images.values()] : [];
  const bySource = new Map(known.map(({ source, digest }) => [source, digest]));
  const repository: Reference = repositoryIn(value, "source");
  const wishes = await Promise.all(
    [...found].map(async ([tag, source]): Promise<[string, Wish][]> => {
      const remembered = bySource.get(source);
      if (remembered !== undefined) return [[tag, { source, digest: remembered }]];
      try {
        const options = { platforms, side: "source", signal: to.signal } as const;
        const { digest } = await to.provider.engine.resolve(atDigest(repository, source), options);
        return [[tag, { source, digest }]];
      } catch (error) {
        if (to.signal.aborted || !(error instanceof ImagesyncError)) throw error;
        to.failures.push({ tag, code: error.code, message: error.message, hint: error.hint, side: error.side });
        return [];
      }
    }),
  );
  return new Map(wishes.flat());
}

const following = "follow tags";

/** Whether the source was asked, and none of its tags is selected although images of it are mirrored. */
export function isEmptySource(error: ImagesyncError): boolean {
  return error.code === "not-found" && error.operation === following;
}

function empty(value: ObjectValue): ImagesyncError {
  const source = repositoryIn(value, "source");
  return new ImagesyncError({
    code: "not-found",
    operation: following,
    side: "source",
    reference: formatReference(source),
    message: `Cannot follow ${formatReference(source)}: none of its tags is selected, although images of it are mirrored`,
    hint: "Correct the selection, or set allow_empty_source = true in a deletions block if all of them are to go",
  });
}
