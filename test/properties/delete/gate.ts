import type { Reply } from "../../../embedded-registry/index.ts";
import type { Judge } from "./judge.ts";
import { type Passing, type Window, WindowWatch } from "./windows.ts";

/** A process dies at one of its requests: what it sends from there on never reaches the registry. */
export interface Crash {
  /** Number of the request, from 0. */
  readonly at: number;
  /** The request itself is still carried out, and only its answer is lost. */
  readonly carriedOut: boolean;
}

/** Something that happens before the request of that number, or in the first gap after it that is in no window. */
export interface Meanwhile {
  readonly at: number;
  readonly act: () => Promise<void>;
}

/** A gap between two requests of the engine, by their sorts: `HEAD manifest → DELETE manifest`. */
export interface Gap {
  readonly between: string;
  readonly window: Window["name"] | undefined;
  /** A neighbour has acted in it. */
  readonly used: boolean;
}

/** One piece of work by one process. */
export interface Work {
  readonly process: string;
  readonly judge: Judge;
  readonly crash?: Crash | undefined;
  readonly meanwhile?: readonly Meanwhile[];
  readonly onGap?: ((gap: Gap) => void) | undefined;
  readonly onCrash?: () => void;
}

const refused: Reply = { status: 418, headers: { "Content-Type": "text/plain" }, body: Buffer.from("too late\n") };

/**
 * Lets the requests to one repository through one after the other, so that everything that can happen between two of
 * them has its place there.
 */
export class Gate {
  #work: Work | undefined;
  #watch = new WindowWatch(() => false);
  #meanwhile: Meanwhile[] = [];
  #last = Promise.resolve();
  #previous: Passing | undefined;
  /** Requests of the present work so far. */
  passed = 0;
  crashed = false;

  /** From here on requests are this work's; those of others are refused. */
  open(work: Work): void {
    this.#work = work;
    this.#watch = new WindowWatch((tag) => work.judge.removes(tag));
    this.#meanwhile = (work.meanwhile ?? []).toSorted((a, b) => a.at - b.at);
    this.#previous = undefined;
    this.passed = 0;
    this.crashed = false;
  }

  /** The work is done: what should have happened meanwhile and has not found its time happens now. */
  async shut(): Promise<void> {
    await this.#last;
    this.#work = undefined;
    for (const { act } of this.#meanwhile.splice(0)) await act();
  }

  /** @param carryOut Does at the registry what the request wants. */
  async pass(process: string, request: Passing, carryOut: () => Promise<Reply>): Promise<Reply> {
    const turn = this.#last.then(() => this.#pass(process, request, carryOut));
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return await turn;
  }

  async #pass(process: string, request: Passing, carryOut: () => Promise<Reply>): Promise<Reply> {
    const work = this.#work;
    if (work === undefined || work.process !== process || this.crashed) return refused;
    await this.#gap(work, request);
    const { crash, judge } = work;
    const isLast = crash?.at === this.passed;
    this.passed += 1;
    this.#previous = request;
    if (isLast) {
      this.crashed = true;
      work.onCrash?.();
      if (!crash.carriedOut) return refused;
    }
    const verdict = await judge.before(request);
    let reply: Reply;
    try {
      reply = await carryOut();
    } finally {
      this.#watch.after(request);
    }
    await judge.after(request, verdict, reply.status, reply.headers?.["Docker-Content-Digest"]);
    return isLast ? refused : reply;
  }

  async #gap({ onGap }: Work, request: Passing): Promise<void> {
    const window = this.#watch.before(request);
    let used = false;
    if (window === undefined) {
      const due = this.#meanwhile.filter(({ at }) => at <= this.passed);
      for (const { act } of this.#meanwhile.splice(0, due.length)) await act();
      used = due.length > 0;
    }
    const from = this.#previous === undefined ? "start" : sortOf(this.#previous);
    onGap?.({ between: `${from} → ${sortOf(request)}`, window, used });
  }
}

/** By tag and by digest are different things. */
function sortOf({ method, kind, reference, query }: Passing): string {
  const by = kind === "manifest" ? (reference.includes(":") ? " by digest" : " by tag") : "";
  return `${method} ${kind}${by}${query.has("last") ? " again" : ""}`;
}
