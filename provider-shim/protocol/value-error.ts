import { formatPath, type AttributePath, type PathStep } from "./diagnostics.ts";

/** A value that is not of the type it should have. The path leads to the offending part. */
export class ValueError extends Error {
  override readonly name = "ValueError";
  readonly path: AttributePath;
  /** What is wrong, without the path. */
  readonly problem: string;

  constructor(path: AttributePath, problem: string) {
    super(path.length === 0 ? problem : `${formatPath(path)}: ${problem}`);
    this.path = path;
    this.problem = problem;
  }
}

/** The way from a value's root to the part that is being read or written. */
export class PathCursor {
  /** Null stands for an element of a set: sets have no keys, so a reported path ends in front of it. */
  readonly #steps: (PathStep | null)[] = [];

  /** Runs `visit` one step further in. */
  within<Result>(step: PathStep | null, visit: () => Result): Result {
    this.#steps.push(step);
    const result = visit();
    // Not in a finally clause: a failure reports the path it had, and ends the walk.
    this.#steps.pop();
    return result;
  }

  fail(problem: string): ValueError {
    const end = this.#steps.indexOf(null);
    const known = end === -1 ? this.#steps : this.#steps.slice(0, end);
    return new ValueError(
      known.filter((step) => step !== null),
      problem,
    );
  }
}
