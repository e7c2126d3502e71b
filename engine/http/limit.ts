import { ImagesyncError } from "../errors.ts";
import { AdaptiveSlots } from "./adaptive-slots.ts";
import { sleep } from "./sleep.ts";
import type { Exchange, WireRequest } from "./wire.ts";

/** Answers after which a host is left alone for a while, and asked less at a time. */
export const overloadStatuses: ReadonlySet<number> = new Set([429, 503]);

/**
 * After an answer that asks for more patience than we have, so long nobody is sent to the host at all; then one of
 * those who come finds out whether it still holds.
 */
const refusalMs = 30_000;

/**
 * One gate per host: so many requests at a time, fewer of them once the host complains, and none while it has asked for
 * a pause. A slot is held until the answer's body has ended, because that long the connection is taken.
 *
 * A copy within one registry reads and writes at the same host. When all slots are held by downloads that wait for
 * their uploads, those uploads, and the tokens they need, must come through: such requests take no slot. How many
 * they are is decided by who holds the slots.
 */
export class HostLimits {
  readonly #limitOf: (host: string) => number;
  readonly #gates = new Map<string, Gate>();

  /** `limitOf` tells the number of slots for a `host[:port]`. */
  constructor(limitOf: (host: string) => number) {
    this.#limitOf = limitOf;
  }

  /** Wraps an exchange: it waits at the gate of its URL's host. @throws `rate-limited` while that is closed for long. */
  limited(exchange: Exchange): Exchange {
    return async (request) => {
      const gate = this.#gate(request.url.host);
      const release = gate.passed(request) ?? (await gate.enter(request));
      const { generation } = gate.slots;
      try {
        const response = await exchange(request);
        if (overloadStatuses.has(response.status)) gate.slots.overloaded(generation);
        else if (response.status < 500) gate.slots.served();
        if (response.streamed) response.body.once("close", release);
        else release();
        return response;
      } catch (error) {
        release();
        throw error;
      }
    };
  }

  /** Nobody starts a request to the host for so long; a longer pause that was asked for before stays. */
  pause(host: string, durationMs: number): void {
    this.#gate(host).pause(durationMs);
  }

  /** The host wants to be left alone for longer than anybody can wait: who comes meanwhile fails at once. */
  refuse(host: string, durationMs: number): void {
    this.#gate(host).refuse(durationMs);
  }

  /** How many requests a host gets at the same time at the moment. */
  concurrency(host: string): number {
    return this.#gate(host).slots.limit;
  }

  #gate(host: string): Gate {
    let gate = this.#gates.get(host);
    if (gate === undefined) {
      gate = new Gate(this.#limitOf(host));
      this.#gates.set(host, gate);
    }
    return gate;
  }
}

class Gate {
  readonly slots: AdaptiveSlots;
  #closedUntil = 0;
  #refusedUntil = 0;
  #opensAt = 0;

  constructor(limit: number) {
    this.slots = new AdaptiveSlots(limit);
  }

  pause(durationMs: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, Date.now() + durationMs);
  }

  refuse(durationMs: number): void {
    this.#opensAt = Date.now() + durationMs;
    this.#refusedUntil = Date.now() + Math.min(durationMs, refusalMs);
  }

  /** Where nothing is to be waited for, the way is open at once; undefined where something is. */
  passed({ queued, signal }: WireRequest): (() => void) | undefined {
    if (signal.aborted || Date.now() < Math.max(this.#closedUntil, this.#refusedUntil)) return undefined;
    return queued ? this.slots.take() : (): void => {};
  }

  /** The slot is taken first and kept through the pause: so no more than the limit start when the pause is over. */
  async enter(request: WireRequest): Promise<() => void> {
    const { queued, signal } = request;
    const release = queued ? await this.slots.acquire(signal) : (): void => {};
    try {
      for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await sleep(waitMs, signal);
      if (Date.now() < this.#refusedUntil) throw this.#refusal(request);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  #waitMs(): number {
    return this.#closedUntil - Date.now();
  }

  #refusal({ operation, registry, url }: WireRequest): ImagesyncError {
    const minutes = Math.ceil((this.#opensAt - Date.now()) / 60_000);
    return new ImagesyncError({
      code: "rate-limited",
      operation,
      registry,
      message: `Cannot ${operation}: ${url.host} has asked to be left alone until ${new Date(this.#opensAt).toISOString()}`,
      hint: `Try again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}, or log in for a higher limit`,
    });
  }
}
