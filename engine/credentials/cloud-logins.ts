import { unlessAborted } from "../concurrency/unless-aborted.ts";
import { ImagesyncError } from "../errors.ts";
import { type CloudHost, cloudHostOf } from "./cloud-host.ts";
import type { CloudLogin, CloudLoginFinder } from "./cloud-login.ts";
import { type CloudRequest, requestDirectly } from "./cloud-request.ts";
import type { Credential, FoundCredential } from "./credential.ts";
import type { Environment } from "./environment.ts";
import { GivenLogins } from "./given-logins.ts";

/** A request that starts now must not end after its login; clocks differ, too. */
const marginMs = 5 * 60_000;

/** A login may be made while a long-living process runs. */
const absenceLifetimeMs = 60_000;

/** Long enough for all requests of one copy to fail together, short enough for who repairs it and tries again. */
const failureLifetimeMs = 5_000;

/** The slowest way is a command line that is started, asks a directory and gets its token exchanged. */
const defaultDeadlineMs = 60_000;

export interface CloudLoginsOptions {
  readonly environment: Environment;
  /** How services in the network are asked. @default straight, without proxy and retries */
  readonly request?: CloudRequest | undefined;
  /** How the metadata service of the machine is asked. @default straight */
  readonly requestDirectly?: CloudRequest | undefined;
  /** How long a login may take to be found. @default one minute */
  readonly deadlineMs?: number | undefined;
  /** Epoch milliseconds. @default `Date.now` */
  readonly now?: (() => number) | undefined;
  /** Loads the module of a cloud. @default by `import` */
  readonly load?: ((cloud: CloudHost["cloud"]) => Promise<CloudLoginFinder>) | undefined;
}

const nobodys: Promise<undefined> = Promise.resolve(undefined);

interface Asked {
  readonly answer: Promise<CloudLogin | undefined>;
  /** Undefined while the question is under way. */
  forgottenAtMs?: number;
  /** Undefined while the question is under way, and when there is none. */
  login?: Credential;
}

/**
 * The logins that a cloud gives to its machines and users, each for the cloud's own registries only. One question at a
 * time for a registry; its answer is remembered until shortly before it expires, that there is none for a minute, a
 * failure for five seconds. The code of a cloud is loaded when the first of its registries is asked for.
 */
export class CloudLogins {
  readonly #options: CloudLoginsOptions;
  readonly #now: () => number;
  readonly #asked = new Map<string, Asked>();
  readonly #given = new GivenLogins();
  /** Registries that are no cloud's: this is asked for each request. */
  readonly #noClouds = new Set<string>();

  constructor(options: CloudLoginsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * The login for a canonical registry; undefined where the host is no cloud's, or the machine has no login for it.
   * @throws `credentials` when it has one that can't be used; `unavailable`, `rate-limited` when the cloud can't answer
   * now; the signal's reason.
   */
  find(registry: string, signal?: AbortSignal): Promise<FoundCredential | undefined> {
    if (this.#noClouds.has(registry)) return nobodys;
    const host = cloudHostOf(registry);
    if (host !== undefined) return this.#find(host, registry, signal);
    this.#noClouds.add(registry);
    return nobodys;
  }

  async #find(host: CloudHost, registry: string, signal?: AbortSignal): Promise<FoundCredential | undefined> {
    signal?.throwIfAborted();
    const known = this.#asked.get(registry);
    const fresh = known !== undefined && (known.forgottenAtMs === undefined || known.forgottenAtMs > this.#now());
    const { answer } = fresh ? known : this.#ask(host, registry);
    return (await unlessAborted(answer, signal))?.found;
  }

  /** Forgets a login that its registry has refused. True if the cloud may give another one. */
  forget(refused: Credential): boolean {
    const registry = this.#given.refuse(refused);
    if (registry === undefined) return false;
    if (this.#asked.get(registry)?.login === refused) this.#asked.delete(registry);
    return true;
  }

  /** The answer is shared, so no caller's signal stops it; a deadline does. */
  #ask(host: CloudHost, registry: string): Asked {
    const { environment, request = requestDirectly, load = loadFinder } = this.#options;
    const direct = this.#options.requestDirectly ?? requestDirectly;
    const { deadlineMs = defaultDeadlineMs } = this.#options;
    const answer = load(host.cloud).then(async (find) => {
      const signal = AbortSignal.timeout(deadlineMs);
      const found = find({ registry, environment, request, requestDirectly: direct, signal });
      // Not everything that the code of a cloud waits for can be stopped: a program that a profile of Amazon names.
      return await unlessAborted(found, signal).catch((error: unknown) => {
        throw error === signal.reason ? tooLate(registry, deadlineMs) : error;
      });
    });
    const asked: Asked = { answer };
    const keep = (lifetimeMs: number): void => {
      asked.forgottenAtMs = this.#now() + lifetimeMs;
    };
    const keepLogin = ({ found, expiresAtMs }: CloudLogin): void => {
      keep(usableMs(expiresAtMs - this.#now()));
      asked.login = found.credential;
      this.#given.note(registry, found.credential);
    };
    // Registered before anybody waits, so that who is told the answer finds it remembered.
    answer.then(
      (login) => (login === undefined ? keep(absenceLifetimeMs) : keepLogin(login)),
      () => keep(failureLifetimeMs),
    );
    this.#asked.set(registry, asked);
    return asked;
  }
}

function tooLate(registry: string, deadlineMs: number): ImagesyncError {
  return new ImagesyncError({
    code: "unavailable",
    operation: "find credentials",
    registry,
    message: `Cannot log in to ${registry} with the login of its cloud: there was none within ${deadlineMs / 1000} s`,
    hint: "Check that the cloud's own command line gets a login here, or give one for the registry in another way",
  });
}

/** A login that lives for minutes only is used for half of them. */
function usableMs(lifetimeMs: number): number {
  return Math.max(lifetimeMs - marginMs, lifetimeMs / 2, 0);
}

/** Each module, and with it a cloud's SDK, only when a registry of the cloud is used. */
async function loadFinder(cloud: CloudHost["cloud"]): Promise<CloudLoginFinder> {
  switch (cloud) {
    case "google":
      return (await import("./google.ts")).findGoogleLogin;
    case "azure":
      return (await import("./azure.ts")).findAzureLogin;
    case "amazon":
      return (await import("./amazon.ts")).findAmazonLogin;
    default:
      return (await import("./amazon.ts")).findAmazonPublicLogin;
  }
}
