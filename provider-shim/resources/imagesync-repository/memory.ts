import { type Digest, isDigest } from "../../../engine/index.ts";

/**
 * What a resource remembers in the private bytes of its state, which Terraform keeps for it and shows to nobody. Terraform
 * plans twice, in two processes, and wants the same answer: a refresh asks the source for the wanted tags and writes here
 * what it was told, and both plans read it. Apply reads what the plan has decided.
 */
export interface Memory {
  /** The canonical destination that this is about. */
  readonly place?: string | undefined;
  /** What was wanted when the source was last asked. */
  readonly wanted?: Wanted | undefined;
  /** Why the source could not be asked, or could not be followed, at the last refresh. */
  readonly failure?: string | undefined;
  /** The failure is that none of the source's tags is selected, which a `deletions` block may allow. */
  readonly empty?: boolean | undefined;
  /** What the resource has put at the destination, or has found there as it would have put it. */
  readonly ours: ReadonlyMap<string, Own>;
  /** What others have at tags of the destination that are wanted and not there as ours. */
  readonly occupied: ReadonlyMap<string, Digest>;
  /** Wanted tags of which the last apply has not brought everything. */
  readonly unfinished: readonly string[];
  /** A create is planned, and nothing was remembered of anything before. */
  readonly creating?: boolean | undefined;
  /** A name for the object, so that it is not taken for another one at the same tags. */
  readonly owner?: string | undefined;
}

/** The answer to a question: the images of the wanted tags. */
export interface Wanted {
  /** The source, the selection, and the platforms. */
  readonly question: string;
  readonly images: ReadonlyMap<string, Wish>;
}

export interface Wish {
  /** The digest at the source. */
  readonly source: Digest;
  /** The digest a copy of it will have. */
  readonly digest: Digest;
}

export interface Own extends Wish {
  /** Digests that the tag has held before, newest first. */
  readonly previous: readonly Digest[];
}

/** Of a resource that remembers nothing. */
export const noMemory: Memory = { ours: new Map(), occupied: new Map(), unfinished: [] };

/** Whoever moves a tag often must not let the list grow for ever. */
const maxPrevious = 100;

/** Reads the private bytes. Foreign and broken ones are no memory and no error. */
export function readMemory(bytes: Uint8Array | undefined): Memory {
  if (bytes === undefined || bytes.byteLength === 0) return noMemory;
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return noMemory;
  }
  if (!isRecord(fields) || fields["imagesync_repository"] !== 1) return noMemory;
  const table = Array.isArray(fields["digests"]) ? (fields["digests"] as readonly unknown[]) : [];
  const digests = table.map((item) => (typeof item === "string" && isDigest(item) ? item : undefined));
  const { place, question, failure, owner } = fields;
  const images = readDigests(fields["wanted"], digests);
  return {
    ...(typeof place === "string" ? { place } : {}),
    ...(typeof question === "string" ? { wanted: { question, images: mapOf(images, wishOf) } } : {}),
    ...(typeof failure === "string" ? { failure } : {}),
    ...(fields["empty"] === true ? { empty: true } : {}),
    ours: mapOf(readDigests(fields["ours"], digests), (found) => ({ ...wishOf(found), previous: found.slice(2) })),
    occupied: mapOf(readDigests(fields["occupied"], digests), ([digest]) => digest),
    unfinished: Array.isArray(fields["unfinished"])
      ? fields["unfinished"].filter((item): item is string => typeof item === "string")
      : [],
    ...(fields["creating"] === true ? { creating: true } : {}),
    ...(typeof owner === "string" ? { owner } : {}),
  };
}

/** Each digest is written once: most stand at several places, and states are read by every command. */
export function writeMemory(memory: Memory): Uint8Array {
  const positions = new Map<Digest, number>();
  const written = <T>(map: ReadonlyMap<string, T>, digestsOf: (item: T) => readonly Digest[]): object =>
    Object.fromEntries([...map].map(([tag, item]) => [tag, digestsOf(item).map(positionOf)]));
  const positionOf = (digest: Digest): number => {
    const position = positions.get(digest) ?? positions.size;
    positions.set(digest, position);
    return position;
  };
  const { place, wanted, failure, empty, ours, occupied, unfinished, creating, owner } = memory;
  const fields = {
    imagesync_repository: 1,
    place,
    question: wanted?.question,
    wanted: wanted && written(wanted.images, ({ digest, source }) => [digest, source]),
    failure,
    empty,
    ours: written(ours, ({ digest, source, previous }) => [digest, source, ...previous.slice(0, maxPrevious)]),
    occupied: written(occupied, (digest) => [digest]),
    unfinished,
    creating,
    owner,
  };
  return new TextEncoder().encode(JSON.stringify({ ...fields, digests: [...positions.keys()] }));
}

/** At least one digest. */
type Found = readonly [Digest, ...Digest[]];

function wishOf([digest, source = digest]: Found): Wish {
  return { digest, source };
}

function mapOf<T>(found: ReadonlyMap<string, Found>, make: (found: Found) => T): ReadonlyMap<string, T> {
  return new Map([...found].map(([tag, digests]) => [tag, make(digests)]));
}

function readDigests(value: unknown, table: readonly (Digest | undefined)[]): ReadonlyMap<string, Found> {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return new Map(
    entries.flatMap(([tag, positions]): [string, Found][] => {
      const list: readonly unknown[] = Array.isArray(positions) ? positions : [];
      const [first, ...rest] = list.flatMap((at) => (typeof at === "number" ? (table[at] ?? []) : []));
      return first === undefined ? [] : [[tag, [first, ...rest]]];
    }),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
