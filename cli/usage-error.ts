/** The command line asks for something that cannot be: exit code 64. The message never repeats a secret. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What to write instead, a sentence without its final period. */
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
