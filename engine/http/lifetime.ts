import { ImagesyncError, stopped } from "../errors.ts";

/**
 * How long one request may live: until the caller's signal, a deadline, or the end of the client. Its signal is what
 * everything below listens to, and the reason it aborts with is the error that the caller gets: always one about the stop,
 * as an error of another request, given as the outer signal's reason, must not look like the answer to this one.
 */
export class Lifetime {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #operation: string;
  readonly #registry: string;
  readonly #outer: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #onAbort: () => void;

  /** @throws `aborted` or `timeout` when the outer signal is aborted already. */
  constructor(operation: string, registry: string, outer: AbortSignal | undefined, deadlineMs: number | undefined) {
    this.signal = this.#controller.signal;
    this.#operation = operation;
    this.#registry = registry;
    this.#outer = outer;
    this.#onAbort = () => this.#controller.abort(stopped(operation, outer?.reason));
    if (outer?.aborted === true) throw stopped(operation, outer.reason);
    outer?.addEventListener("abort", this.#onAbort, { once: true });
    if (deadlineMs !== undefined) this.#timer = setTimeout(() => this.#expire(deadlineMs), deadlineMs);
  }

  /** Stops the request from outside; without effect when it has ended. */
  stop(): void {
    this.#controller.abort(stopped(this.#operation, undefined));
    this.end();
  }

  /** The request is over: nothing is listened to any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }

  #expire(deadlineMs: number): void {
    this.#controller.abort(
      new ImagesyncError({
        code: "timeout",
        operation: this.#operation,
        registry: this.#registry,
        message: `Cannot ${this.#operation} at ${this.#registry}: it took longer than ${Math.round(deadlineMs / 1000)} s`,
      }),
    );
  }
}
