/** The command line asks for something that cannot be: exit code 64. The message never repeats a secret. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** What to write instead, a sentence without its final period. */
  readonly hint: string;
  /** One line for each thing that is wrong, where there are several. */
  readonly details: readonly string[];

  constructor(message: string, hint: string, details: readonly string[] = []) {
    super(message);
    this.hint = hint;
    this.details = details;
  }
}
