import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Scalar,
  visit,
} from "yaml";
import { ConfigFileError, type Place, type Problem, quoted } from "./problem.ts";

/** One key of a map, with the nodes of both. */
export interface Entry {
  readonly key: string;
  readonly keyNode: unknown;
  readonly node: unknown;
}

/** A file of a few thousand images has less than a tenth of it; anchors that multiply each other have more. */
const maxNodes = 1_000_000;
/** Merges of merges: deeper ones are a circle. */
const maxMergeDepth = 16;

/** What a tag can say of a node and that is read as it says. */
const knownTags: ReadonlySet<string> = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/**
 * A file while it is read: what is wrong with it, and where what was read stands. Anchors are followed node by node
 * and only as deep as the format goes; how many nodes are looked at in all is limited.
 */
export class Reading {
  /** As it was given. */
  readonly file: string;
  readonly problems: Problem[] = [];
  /** What the file says and what has no effect here, or another one. */
  readonly notes: Note[] = [];
  readonly #lines: LineCounter;
  readonly #aliases = new WeakMap<object, Node>();
  readonly #places = new WeakMap<object, Map<string | number, Place>>();
  readonly #flawed = new WeakSet<object>();
  #nodes = 0;

  constructor(file: string, document?: Document, lines: LineCounter = new LineCounter()) {
    this.file = file;
    this.#lines = lines;
    if (document !== undefined) this.#bindAliases(document);
  }

  /** The library would look for the anchor of each alias through the whole file. */
  #bindAliases(document: Document): void {
    const anchors = new Map<string, Node>();
    visit(document, (_, node) => {
      if (isAlias(node)) {
        const bound = anchors.get(node.source);
        if (bound === undefined) this.problem(node, `no anchor &${node.source} stands before this alias`, "syntax");
        else this.#aliases.set(node, bound);
        return;
      }
      if (!isNode(node)) return;
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
      if (node.tag !== undefined && !knownTags.has(node.tag)) {
        this.problem(node, `the tag ${quoted(node.tag)} has no meaning here`, "syntax");
      }
    });
  }

  /** Notes a mistake at a node; or at a place. */
  problem(at: unknown, text: string, about: Problem["about"] = "structure"): undefined {
    this.problems.push({ place: isPlace(at) ? at : this.placeOf(at), text, about });
    return undefined;
  }

  /** Says what a user should know and what is no mistake. `about` is the entry of the document that it is about. */
  note(at: unknown, text: string, about?: object): void {
    this.notes.push({ place: isPlace(at) ? at : this.placeOf(at), text, about });
  }

  /** Where a node begins; the beginning of the file for what has no place. */
  placeOf(node: unknown): Place {
    const range = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range : undefined;
    return this.placeAt(range?.[0] ?? 0);
  }

  placeAt(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** Remembers where a key of something that was read stands; without a key where all of it begins. */
  remember(thing: object, key: string | number, place: Place): void {
    const places = this.#places.get(thing) ?? new Map<string | number, Place>();
    this.#places.set(thing, places.set(key, place));
  }

  /** Where something that was read stands, or one of its keys; where it begins when the key is not in the file. */
  where(thing: object, key: string | number = ""): Place {
    const places = this.#places.get(thing);
    return places?.get(key) ?? places?.get("") ?? { line: 1, column: 1 };
  }

  /** Notes that something that was read is not whole: what follows from that is no mistake of its own. */
  markFlawed(thing: object): void {
    this.#flawed.add(thing);
  }

  /** True when some of it could not be read. */
  isFlawed(thing: object): boolean {
    return this.#flawed.has(thing);
  }

  /** The node itself, behind its alias. @throws ConfigFileError when so many are asked for that it would not end. */
  resolve(node: unknown): unknown {
    this.#nodes++;
    if (this.#nodes > maxNodes) {
      const text = "anchors make the file larger than it may be";
      throw new ConfigFileError(this.file, [{ place: this.placeOf(node), text, about: "syntax" }]);
    }
    return isAlias(node) ? this.#aliases.get(node) : node;
  }

  /** The keys of a map, merges (`<<`) followed, what stands in the map itself first. A key that is there twice is told. */
  entries(map: unknown): Entry[] {
    const found = new Map<string, Entry>();
    this.#collect(map, found, 0);
    return [...found.values()];
  }

  #collect(map: unknown, found: Map<string, Entry>, depth: number): void {
    if (!isMap(map)) return;
    const own = new Map<string, unknown>();
    const merges: unknown[] = [];
    for (const { key: keyNode, value: node } of map.items) {
      const key = keyOf(this.resolve(keyNode));
      if (key === undefined) {
        this.problem(keyNode, "a key must be a word", "syntax");
      } else if (own.has(key)) {
        const { line } = this.placeOf(own.get(key));
        this.problem(keyNode, `the key ${quoted(key)} stands here a second time, after line ${line}`, "syntax");
      } else {
        own.set(key, keyNode);
        if (key === "<<") merges.push(node);
        else if (!found.has(key)) found.set(key, { key, keyNode, node });
      }
    }
    for (const merge of merges) this.#merge(merge, found, depth);
  }

  #merge(node: unknown, found: Map<string, Entry>, depth: number): void {
    const merged = this.resolve(node);
    if (depth > maxMergeDepth) this.problem(node, "anchors are merged into themselves", "syntax");
    else if (isMap(merged)) this.#collect(merged, found, depth + 1);
    else if (isSeq(merged)) for (const each of merged.items) this.#merge(each, found, depth + 1);
    else this.problem(node, "<< merges a map, as in `<<: *name`", "syntax");
  }
}

/** What a user should know of a file. */
export interface Note {
  readonly place: Place;
  readonly text: string;
  /** The entry of the document it is about; absent for the whole file. */
  readonly about?: object | undefined;
}

/** What a node is, for messages: `the text "x"`, `a list`. */
export function describeNode(node: unknown): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (!isScalar(node) || node.value === null) return "nothing";
  if (typeof node.value === "string") return `the text ${quoted(node.value)}`;
  return typeof node.value === "boolean" ? `${sourceOf(node)}, a boolean` : `the number ${sourceOf(node)}`;
}

/** How a scalar is written in the file. */
export function sourceOf(node: Scalar): string {
  return node.source ?? String(node.value);
}

function keyOf(node: unknown): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === "string" ? node.value : sourceOf(node);
}

function isPlace(at: unknown): at is Place {
  return typeof at === "object" && at !== null && "line" in at && "column" in at;
}
