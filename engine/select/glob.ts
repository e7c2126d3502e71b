import { type Item, parseGlob } from "./glob-pattern.ts";

/**
 * A test whether a glob matches the whole of a text. The language is Harbor's: `*` and `?` stop at slashes, `**`
 * between slashes or ends stands for any number of components, `{a,b}` for one of several, `[a-z]` and `[^a-z]` for one
 * character, `\` takes the meaning from the next character. No pattern takes longer than its own length times that of
 * the text: every possibility is followed at the same time.
 * @throws `config` with the position of the fault.
 * @see https://github.com/bmatcuk/doublestar/tree/v1.3.4#patterns
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  const { first: start } = compileSequence(parseGlob(pattern), anyhow({ kind: "end" }));
  return (text) => runs(start, text);
}

/** {@link compileGlob} for one text. @throws `config` with the position of the fault. */
export function matchGlob(pattern: string, text: string): boolean {
  return compileGlob(pattern)(text);
}

/** Checks a glob without using it. @throws `config` with the position of the fault. */
export function checkGlob(pattern: string): void {
  parseGlob(pattern);
}

/** What may come next at some place of the pattern. */
type State =
  | { readonly kind: "end" }
  | { readonly kind: "slash"; readonly next: State }
  | { readonly kind: "one"; readonly matches: (character: string) => boolean; readonly next: State }
  /** Any number of such characters before `next`. */
  | { readonly kind: "many"; readonly slashes: boolean; readonly next: State }
  | { readonly kind: "either"; readonly of: readonly State[] };

/** How a place of the pattern is entered, which `**` has to know: where a component begins, or inside of one. */
interface Entry {
  readonly first: State;
  readonly inside: State;
}

/** From the last item to the first, so that each knows what follows. */
function compileSequence(items: readonly Item[], after: Entry): Entry {
  return items.reduceRight((next, item) => compileItem(item, next), after);
}

function compileItem(item: Item, next: Entry): Entry {
  switch (item.kind) {
    case "slash":
      return anyhow({ kind: "slash", next: next.first });
    case "one":
      return anyhow({ kind: "one", matches: item.matches, next: next.inside });
    case "stars": {
      const inside: State = { kind: "many", slashes: false, next: next.inside };
      return { first: (item.count === 2 ? components(next.inside) : undefined) ?? inside, inside };
    }
    default:
      // Harbor sees no component begin behind a brace, not even at the start of a pattern.
      return anyhow({ kind: "either", of: item.of.map((sequence) => compileSequence(sequence, next).inside) });
  }
}

function anyhow(state: State): Entry {
  return { first: state, inside: state };
}

/** Any number of components, none included, where one ends behind the stars. */
function components(next: State): State | undefined {
  if (next.kind === "end") return { kind: "many", slashes: true, next };
  if (next.kind === "slash") return { kind: "either", of: [next.next, { kind: "many", slashes: true, next }] };
  return undefined;
}

function runs(start: State, text: string): boolean {
  let states = new Set<State>();
  enter(start, states);
  for (const character of text) {
    const following = new Set<State>();
    for (const state of states) {
      if (state.kind === "slash" && character === "/") enter(state.next, following);
      if (state.kind === "one" && character !== "/" && state.matches(character)) enter(state.next, following);
      if (state.kind === "many" && (state.slashes || character !== "/")) enter(state, following);
    }
    if (following.size === 0) return false;
    states = following;
  }
  return [...states].some(({ kind }) => kind === "end");
}

/** Adds a state and what can be reached from it without a character; each once, whatever number of ways leads there. */
function enter(start: State, states: Set<State>): void {
  const waiting = [start];
  for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
    if (states.has(state)) continue;
    states.add(state);
    if (state.kind === "many") waiting.push(state.next);
    if (state.kind === "either") waiting.push(...state.of);
  }
}
