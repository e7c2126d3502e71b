import { ImagesyncError } from "../errors.ts";

/** One way to authenticate that a server offers. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; of a repeated one the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer headers are refused by most servers and clients alike. */
const maxHeaderLength = 32 * 1024;

const isTokenCharacter = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * Reads the challenges of one or more `WWW-Authenticate` headers (joined by commas), a hand-made parser that looks at
 * each character once: commas stand between challenges, between parameters and inside quotes alike.
 * @throws `protocol` when it cannot be read; the message shows where, not the text.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > maxHeaderLength) throw unreadable(`it has ${header.length} characters`);
  const cursor = new Cursor(header);
  const challenges: Challenge[] = [];
  for (;;) {
    cursor.skip(" \t,");
    if (cursor.atEnd) return challenges;
    const scheme = cursor.token();
    if (scheme === "") throw unreadable(`a scheme is expected at character ${cursor.position}`);
    challenges.push({ scheme: scheme.toLowerCase(), parameters: readParameters(cursor) });
  }
}

/** Parameters go on until something follows that has no equals sign: the scheme of the next challenge. */
function readParameters(cursor: Cursor): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (;;) {
    const before = cursor.position;
    cursor.skip(" \t,");
    const name = cursor.token().toLowerCase();
    cursor.skip(" \t");
    if (name === "" || !cursor.take("=")) {
      // Either the end, or the next scheme, or token68 credentials (`Negotiate abc/def==`), which no one here uses.
      cursor.position = before;
      if (parameters.size === 0 && before < cursor.length && cursor.skipToken68()) continue;
      return parameters;
    }
    cursor.skip(" \t");
    const value = cursor.take('"') ? cursor.quoted() : cursor.bare();
    if (!parameters.has(name)) parameters.set(name, value);
  }
}

class Cursor {
  readonly #text: string;
  position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get length(): number {
    return this.#text.length;
  }

  get atEnd(): boolean {
    return this.position >= this.#text.length;
  }

  skip(characters: string): void {
    while (!this.atEnd && characters.includes(this.#current)) this.position += 1;
  }

  take(character: string): boolean {
    if (this.#current !== character) return false;
    this.position += 1;
    return true;
  }

  token(): string {
    const start = this.position;
    while (!this.atEnd && isTokenCharacter.test(this.#current)) this.position += 1;
    return this.#text.slice(start, this.position);
  }

  /** The rest of a quoted string, its opening quote taken already. */
  quoted(): string {
    const start = this.position;
    let value = "";
    while (!this.atEnd) {
      if (this.take('"')) return value;
      if (this.take("\\") && this.atEnd) break;
      value += this.#current;
      this.position += 1;
    }
    throw unreadable(`the quote opened at character ${start} is not closed`);
  }

  /** An unquoted value; servers put URLs there although only tokens are allowed. */
  bare(): string {
    const start = this.position;
    while (!this.atEnd && !' \t,"'.includes(this.#current)) this.position += 1;
    if (this.position === start) throw unreadable(`a value is expected at character ${start}`);
    return this.#text.slice(start, this.position);
  }

  /** Skips ` abc/def==` up to a comma or the end; false when what follows is not of that form. */
  skipToken68(): boolean {
    const match = /^[ \t]+[A-Za-z0-9\-._~+/]+=*[ \t]*(?=,|$)/.exec(this.#text.slice(this.position));
    if (match === null) return false;
    this.position += match[0].length;
    return true;
  }

  get #current(): string {
    return this.#text.charAt(this.position);
  }
}

function unreadable(why: string): ImagesyncError {
  return new ImagesyncError({
    code: "protocol",
    operation: "authenticate",
    message: `Cannot read the authentication challenge of the registry: ${why}`,
  });
}
