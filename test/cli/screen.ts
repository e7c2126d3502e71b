/** What a terminal shows after it was sent a text: enough of one for what moving progress writes. */
export class Screen {
  readonly #lines: string[] = [""];
  #row = 0;
  #column = 0;
  cursorHidden = false;

  constructor(text: string) {
    // oxlint-disable-next-line no-control-regex -- these are what is looked for
    for (const [, escape, final, character] of text.matchAll(/\u001b\[([?\d]*)([A-Za-z])|([^])/g)) {
      if (character === undefined) this.#control(final ?? "", escape ?? "");
      else this.#put(character);
    }
  }

  /** The lines, without empty ones at the end. */
  get lines(): readonly string[] {
    const last = this.#lines.findLastIndex((line) => line.trim() !== "");
    return this.#lines.slice(0, last + 1).map((line) => line.trimEnd());
  }

  #put(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\n") {
      this.#row += 1;
      this.#column = 0;
    } else {
      this.#lines[this.#row] =
        `${this.#line().slice(0, this.#column)}${character}${this.#line().slice(this.#column + 1)}`;
      this.#column += 1;
    }
  }

  #line(): string {
    return (this.#lines[this.#row] ?? "").padEnd(this.#column);
  }

  #control(final: string, parameter: string): void {
    if (final === "A") this.#row -= Number(parameter || 1);
    else if (final === "K") this.#lines[this.#row] = this.#line().slice(0, this.#column);
    else if (final === "J") {
      this.#lines[this.#row] = this.#line().slice(0, this.#column);
      this.#lines.splice(this.#row + 1);
    } else if (parameter === "?25") this.cursorHidden = final === "l";
    else if (final !== "m") throw new Error(`Unknown control: ${parameter}${final}`);
  }
}
