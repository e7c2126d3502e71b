import { Slots } from "../concurrency/slots.ts";
import { sleep } from "./sleep.ts";
import type { Exchange, WireRequest } from "./wire.ts";

/**
 * One gate per host: so many requests at a time, and none while the host has asked for a pause. A slot is held until
 * the answer's body has ended, because that long the connection is taken.
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

  /** Wraps an exchange: it waits at the gate of its URL's host. */
  limited(exchange: Exchange): Exchange {
    return async (request) => {
      const release = await this.#gate(request.url.host).enter(request);
      try {
        const response = await exchange(request);
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
  readonly #slots: Slots;
  #closedUntil = 0;

  constructor(limit: number) {
    this.#slots = new Slots(limit);
  }

  pause(durationMs: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, Date.now() + durationMs);
  }

  /** The slot is taken first and kept through the pause: so no more than the limit start when the pause is over. */
  async enter({ queued, signal }: Pick<WireRequest, "queued" | "signal">): Promise<() => void> {
    const release = queued ? await this.#slots.acquire(signal) : (): void => {};
    try {
      for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await sleep(waitMs, signal);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  #waitMs(): number {
    return this.#closedUntil - Date.now();
  }
}
