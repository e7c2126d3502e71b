import type { HttpClient } from "../http/client.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import { parseRetryAfter } from "../http/retry-after.ts";
import type { Transport } from "../registry/registry.ts";

/** What a registry's own answers have told beside what was asked. */
export interface Remarks {
  /** Its clock less ours, in milliseconds; undefined when no answer had a date. */
  readonly skewMs: number | undefined;
  /** True when it has said that it is asked too often. */
  readonly throttled: boolean;
  /** For how long it then wanted to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/**
 * A transport that asks everything once: who examines a registry wants to hear of the failure that a repetition would
 * hide. It notes what answers tell by the way.
 */
export class Questions implements Transport {
  readonly #client: HttpClient;
  readonly #now: () => number;
  #remarks: Remarks = { skewMs: undefined, throttled: false, retryAfterMs: undefined };

  constructor(client: HttpClient, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  get remarks(): Remarks {
    return this.#remarks;
  }

  get redactor(): HttpClient["redactor"] {
    return this.#client.redactor;
  }

  async send(request: HttpRequest): Promise<HttpResponse> {
    const askedAtMs = this.#now();
    const response = await this.#client.send({ ...request, maxAttempts: 1 });
    const { origin } = this.#client.approach(request.registry);
    if (new URL(response.url).origin === origin.origin) this.#note(response, askedAtMs);
    return response;
  }

  account: NonNullable<Transport["account"]> = (...about) => this.#client.account(...about);

  family: NonNullable<Transport["family"]> = (registry) => this.#client.family(registry);

  amazon: NonNullable<Transport["amazon"]> = (registry) => this.#client.amazon(registry);

  #note({ status, headers }: HttpResponse, askedAtMs: number): void {
    const nowMs = this.#now();
    const throttled = status === 429;
    this.#remarks = {
      // The first answer is the one that no login has held up.
      skewMs: this.#remarks.skewMs ?? skewOf(headers.get("date"), askedAtMs, nowMs),
      throttled: this.#remarks.throttled || throttled,
      retryAfterMs: throttled ? parseRetryAfter(headers.get("retry-after"), nowMs) : this.#remarks.retryAfterMs,
    };
  }
}

/** A date that lies within the time of the request is right, as far as anybody can tell: it has whole seconds only. */
function skewOf(date: string | undefined, askedAtMs: number, nowMs: number): number | undefined {
  const saidMs = Date.parse(date ?? "");
  if (Number.isNaN(saidMs)) return undefined;
  if (saidMs > nowMs) return saidMs - nowMs;
  return Math.min(0, saidMs + 999 - askedAtMs);
}
