/** How patiently something is tried again. */
export interface RetryOptions {
  /** How often a request is sent at most. @default 5 */
  readonly attempts: number;
  /** The shortest pause before another attempt, in milliseconds. @default 250 */
  readonly baseDelayMs: number;
  /** The longest pause that we choose ourselves, in milliseconds. @default 30000 */
  readonly maxDelayMs: number;
  /** How long one request may wait altogether, what the server asks for included, in milliseconds. @default 120000 */
  readonly budgetMs: number;
}

export const defaultRetry: RetryOptions = { attempts: 5, baseDelayMs: 250, maxDelayMs: 30_000, budgetMs: 120_000 };

/**
 * Pauses by decorrelated jitter: each is drawn between the base and three times the last one, so that many clients
 * that failed together do not come back together.
 */
export class Backoff {
  readonly #options: RetryOptions;
  #lastMs: number;
  #spentMs = 0;

  constructor(options: RetryOptions) {
    this.#options = options;
    this.#lastMs = options.baseDelayMs;
  }

  /** The next pause; what the server asks for is obeyed. Undefined when the budget does not allow it. */
  next(askedMs: number | undefined): number | undefined {
    const { baseDelayMs, maxDelayMs, budgetMs } = this.#options;
    const drawn = baseDelayMs + Math.random() * Math.max(0, this.#lastMs * 3 - baseDelayMs);
    this.#lastMs = Math.min(maxDelayMs, drawn);
    const delayMs = Math.round(askedMs ?? this.#lastMs);
    if (this.#spentMs + delayMs > budgetMs) return undefined;
    this.#spentMs += delayMs;
    return delayMs;
  }
}
