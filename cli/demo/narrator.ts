import type { Invocation } from "../invocation.ts";
import { createStyle, type Style } from "../style.ts";

/** Tells the story: numbered steps with what happened in each. */
export class Narrator {
  readonly style: Style;
  readonly #stdout: Invocation["stdout"];
  #step = 0;

  constructor({ stdout, environment }: Pick<Invocation, "stdout" | "environment">) {
    this.#stdout = stdout;
    this.style = createStyle(stdout, environment);
  }

  title(text: string): void {
    this.#write(this.style.bold(text));
  }

  /** Begins the next step. */
  step(text: string): void {
    this.#step += 1;
    this.#write("");
    this.#write(this.style.bold(`${this.#step}. ${text}`));
  }

  say(text: string): void {
    this.#write(`   ${text}`);
  }

  /** Something to be glad about. */
  praise(text: string): void {
    this.say(this.style.good(text));
  }

  /** What something cost, or another remark at the edge. */
  remark(text: string): void {
    this.say(this.style.dim(text));
  }

  /** Lines that another program has printed, or a file's. */
  quote(lines: readonly string[]): void {
    for (const line of lines) this.#write(`   ${this.style.dim("|")} ${line}`);
  }

  #write(line: string): void {
    this.#stdout.write(`${line}\n`);
  }
}
