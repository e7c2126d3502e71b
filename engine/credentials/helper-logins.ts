import { unlessAborted } from "../concurrency/unless-aborted.ts";
import { askHelper, defaultHelperTimeoutMs } from "./credential-helper.ts";
import type { Credential } from "./credential.ts";
import type { Environment } from "./environment.ts";
import { GivenLogins } from "./given-logins.ts";

/** Logins of clouds live for hours; a longer memory would outlive some of them. */
const loginLifetimeMs = 3_600_000;

/** A login may be made while a long-living process runs. */
const absenceLifetimeMs = 60_000;

/** Long enough for all requests of one copy to fail together, short enough for who repairs the helper and tries again. */
const failureLifetimeMs = 5_000;

export interface HelperLoginsOptions {
  /** Given to the helpers; its `PATH` is where they are looked for. */
  readonly environment: Environment;
  /** How long a helper may take. @default 15 seconds */
  readonly timeoutMs?: number | undefined;
  /** Epoch milliseconds. @default `Date.now` */
  readonly now?: (() => number) | undefined;
}

interface Asked {
  readonly answer: Promise<Credential | undefined>;
  /** Ends the helper when nobody waits any more. */
  readonly stop: AbortController;
  waiting: number;
  /** Undefined while the helper runs. */
  forgottenAtMs?: number;
  /** Undefined while the helper runs, and when it has none. */
  login?: Credential;
}

/**
 * What credential helpers answer, asked once: who wants the same login at the same time shares one call, and it is
 * remembered for an hour, that there is none for a minute, a failure for five seconds.
 */
export class HelperLogins {
  readonly #options: HelperLoginsOptions;
  readonly #now: () => number;
  readonly #asked = new Map<string, Asked>();
  readonly #given = new GivenLogins();

  constructor(options: HelperLoginsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * The login that helper `name` has for `server`, undefined when it has none.
   * @throws `credentials` when it gives no usable answer; the signal's reason.
   */
  async get(name: string, server: string, signal?: AbortSignal): Promise<Credential | undefined> {
    signal?.throwIfAborted();
    const key = JSON.stringify([name, server]);
    const known = this.#asked.get(key);
    const fresh = known !== undefined && (known.forgottenAtMs === undefined || known.forgottenAtMs > this.#now());
    const asked = fresh ? known : this.#ask(key, name, server);
    asked.waiting += 1;
    try {
      return await unlessAborted(asked.answer, signal);
    } finally {
      asked.waiting -= 1;
      if (asked.waiting === 0 && asked.forgottenAtMs === undefined) {
        asked.stop.abort();
        if (this.#asked.get(key) === asked) this.#asked.delete(key);
      }
    }
  }

  /** Forgets a login that a registry has refused. True if its helper may give another one. */
  forget(refused: Credential): boolean {
    const key = this.#given.refuse(refused);
    if (key === undefined) return false;
    if (this.#asked.get(key)?.login === refused) this.#asked.delete(key);
    return true;
  }

  #ask(key: string, name: string, server: string): Asked {
    const stop = new AbortController();
    const { environment, timeoutMs = defaultHelperTimeoutMs } = this.#options;
    const answer = askHelper({ name, server, environment, timeoutMs, signal: stop.signal });
    const asked: Asked = { answer, stop, waiting: 0 };
    const keep = (lifetimeMs: number): void => {
      asked.forgottenAtMs = this.#now() + lifetimeMs;
    };
    const keepLogin = (credential: Credential): void => {
      keep(loginLifetimeMs);
      asked.login = credential;
      this.#given.note(key, credential);
    };
    // Registered before anybody waits, so that who is told the answer finds it remembered.
    answer.then(
      (credential) => (credential === undefined ? keep(absenceLifetimeMs) : keepLogin(credential)),
      () => keep(failureLifetimeMs),
    );
    this.#asked.set(key, asked);
    return asked;
  }
}
