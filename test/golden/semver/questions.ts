/**
 * What the library that replicant uses is asked: 10,000 tags, and 10,000 lists of them to select from. Always the same
 * questions, so that only the answers need to be kept. `node test/golden/semver/questions.ts` prints them for
 * masterminds.go, which says how to renew the answers.
 */
import { pathToFileURL } from "node:url";

/** What replicant's configuration says, in its first edition (`allow-prerelease`) and in its later ones. */
export type Filter =
  | { readonly kind: "allow-prerelease"; readonly value: boolean }
  | { readonly kind: "compatibility"; readonly value: string }
  | { readonly kind: "pinned-major"; readonly value: number };

interface List {
  readonly filter: Filter;
  /** Positions in the tags: what the source has. */
  readonly source: readonly number[];
  /** Positions in the tags: what the destination has. */
  readonly destination: readonly number[];
}

export interface Questions {
  readonly tags: readonly string[];
  readonly lists: readonly List[];
  /** Two versions, of which the lower one is asked for. */
  readonly pairs: readonly (readonly [string, string])[];
}

const count = 10_000;

export function questions(): Questions {
  const random = new Random(20_230_101);
  const tags = new Set<string>();
  while (tags.size < count) tags.add(tag(random));
  return { tags: [...tags], lists: Array.from({ length: count }, () => list(random)), pairs };
}

/** One question a line: all tags, then all lists, then all pairs, each kind behind a line that counts them. */
export function printQuestions({ tags, lists, pairs }: Questions): string {
  const listLines = lists.map(({ filter, source, destination }) =>
    [`${filter.kind}=${String(filter.value)}`, source.join(" "), destination.join(" ")].join("|"),
  );
  const pairLines = pairs.map(([one, other]) => `${one}|${other}`);
  return [tags.length, ...tags, lists.length, ...listLines, pairs.length, ...pairLines, ""].join("\n");
}

/** Where numbers do not fit into 64 bits, by themselves: they would shift the order of everything else. */
const pairs: Questions["pairs"] = [
  ["1.0.0-18446744073709551615", "1.0.0-18446744073709551614"],
  ["1.0.0-18446744073709551616", "1.0.0-18446744073709551615"],
  ["1.0.0-18446744073709551616", "1.0.0-99999999999999999999"],
  ["1.0.0-100000000000000000000", "1.0.0-99999999999999999999"],
  ["1.0.0-99999999999999999999", "1.0.0--"],
  ["1.0.0-99999999999999999999", "1.0.0-5x"],
  ["1.0.0-99999999999999999999", "1.0.0-alpine"],
];

function tag(random: Random): string {
  const form = random.below(20);
  if (form === 0)
    return (
      random.pick(["latest", "stable", "edge", "main", "nightly"]) + random.pick(["", "-1", `${random.below(900)}`])
    );
  if (form === 1)
    return `${2000 + random.below(30)}${random.pick([".", "", "-"])}${padded(random, 12)}${random.pick([".", ""])}${padded(random, 28)}`;
  if (form === 2) return scrambled(random);
  const numbers = Array.from({ length: random.pick([1, 2, 2, 3, 3, 3, 3, 3]) }, () => number(random));
  const version = `${random.pick(["", "", "", "v"])}${numbers.join(".")}`;
  return `${version}${random.pick(["", "", prerelease(random)])}${random.below(25) === 0 ? `+${identifier(random)}` : ""}`;
}

function number(random: Random): string {
  const form = random.below(60);
  if (form === 0)
    return random.pick(["1023", "1024", "1025", "9007199254740991", "9007199254740992", "9007199254740993"]);
  if (form === 1) return random.pick(["18446744073709551615", "18446744073709551616", "4294967296", "00", "000"]);
  if (form === 2) return padded(random, 30);
  return String(random.below(random.pick([4, 10, 30])));
}

function padded(random: Random, bound: number): string {
  return String(1 + random.below(bound)).padStart(2, "0");
}

function prerelease(random: Random): string {
  return `-${Array.from({ length: random.pick([1, 1, 1, 2, 2, 3]) }, () => identifier(random)).join(".")}`;
}

function identifier(random: Random): string {
  const words = [
    "alpine",
    "alpine",
    "rc",
    "beta",
    "alpha",
    "bookworm",
    "slim",
    "rc1",
    "alpine3.18",
    "RC",
    "x-y",
    "-",
    "0",
  ];
  const form = random.below(30);
  if (form === 0) return random.pick(["01", "007", "00", "01a", "-1", "9007199254740993", "18446744073709551615"]);
  return form < 10 ? String(random.below(12)) : random.pick(words);
}

/** Nearly a version, or a version by accident. */
function scrambled(random: Random): string {
  const pieces = ["1", "2", "0", ".", ".", "-", "+", "v", "V", "_", "rc", "01", "a"];
  return Array.from({ length: 1 + random.below(9) }, () => random.pick(pieces)).join("");
}

function list(random: Random): List {
  const positions = (): number[] => Array.from({ length: random.below(9) }, () => random.below(count));
  return { filter: filter(random), source: positions(), destination: positions() };
}

function filter(random: Random): Filter {
  const kind = random.below(5);
  if (kind === 0) return { kind: "compatibility", value: random.pick(["alpine", "rc.1", "0"]) };
  if (kind === 1) return { kind: "pinned-major", value: random.below(4) };
  return { kind: "allow-prerelease", value: random.below(2) === 0 };
}

/** The same numbers from the same seed everywhere: mulberry32. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  pick<Value>(values: readonly Value[]): Value {
    const index = this.below(values.length);
    const value = values[index];
    if (value === undefined) throw new Error(`Nothing to pick at ${index}`);
    return value;
  }
}

const script = process.argv[1];
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  process.stdout.write(printQuestions(questions()));
}
