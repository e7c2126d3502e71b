/** Ends a command that has said all there is to say with a code of its own; nothing more is printed. */
export class Ended extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`Ended with ${code}`);
    this.code = code;
  }
}
