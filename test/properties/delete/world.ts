import { deepEqual } from "node:assert/strict";
import { createEngine, type Engine } from "../../../engine/index.ts";
import { quickRetry } from "../../engine/pair.ts";
import { build } from "./content.ts";
import type { Crash, Gap } from "./gate.ts";
import { Judge } from "./judge.ts";
import { Model } from "./model.ts";
import { type Action, type Customs, Neighbour } from "./neighbour.ts";
import { Owner, type Outcome, type Task, type Wish } from "./owner.ts";
import type { Place, Repository } from "./place.ts";
import { damageOf } from "./witness.ts";

/** What happens while one of our processes works. */
export interface Trouble {
  readonly crash?: Crash | undefined;
  readonly meanwhile: readonly { readonly at: number; readonly action: Action }[];
}

/** One of our processes, and the tags that it has put or found in place: it does not take them away again. */
interface Process {
  readonly name: string;
  readonly engine: Engine;
  readonly claims: Set<string>;
}

let processes = 0;

/** One repository with its neighbours, its owner, and the model of what it must be. Everything is checked after each step. */
export class World {
  readonly model: Model;
  readonly neighbour: Neighbour;
  readonly owner: Owner;
  /** Told of every gap between two requests of ours. */
  onGap: ((gap: Gap) => void) | undefined;
  readonly #place: Place;
  readonly #maxConnections: number;
  readonly #repository: Repository;
  readonly #judge: Judge;
  readonly #closing: Promise<unknown>[] = [];
  #process: Process | undefined;
  /** What can be reached now; referrers that get lost elsewhere are nobody's fault. */
  #reached: ReadonlySet<string> = new Set();

  /** @param maxConnections Of our processes; with one of them all requests have an order. */
  constructor(place: Place, customs: Customs, maxConnections: number) {
    this.#place = place;
    this.#maxConnections = maxConnections;
    this.#repository = place.open();
    const { name, host, backHost, witness } = this.#repository;
    this.model = new Model(customs);
    this.#judge = new Judge(this.model, witness);
    this.owner = new Owner(this.model, `${host}/${name}`, `${place.source.host}/${place.source.repository}`);
    this.neighbour = new Neighbour({ host: backHost, repository: name }, this.model, witness, customs, (digest) =>
      this.#judge.untagged.add(digest),
    );
  }

  /** A neighbour does something, and it has its effect. */
  async act(action: Action): Promise<void> {
    await this.neighbour.act(action);
    await this.#refresh();
  }

  /** A step of the neighbour's alone. */
  async visit(action: Action): Promise<void> {
    await this.act(action);
    await this.check();
  }

  /**
   * Our wishes are done by one process at the same time. Where it crashes, another one does them again, in peace.
   * @param fresh By a new process, as every run of Terraform is one.
   * @returns how many requests the first one has sent.
   */
  async work(wishes: readonly Wish[], trouble: Trouble, fresh: boolean): Promise<number> {
    for (const wish of wishes) {
      if (wish.does !== "put") continue;
      const image = build(wish.image);
      await this.#place.source.offer(image);
      this.model.learn(image);
    }
    const process = fresh || this.#process === undefined ? this.#start() : this.#process;
    const { crashed, requests } = await this.#attempt(process, wishes, trouble, true);
    if (crashed) await this.#attempt(this.#start(), wishes, { meanwhile: [] }, false);
    await this.check();
    deepEqual(
      { standIns: [...this.model.tags].filter(([, held]) => this.model.standIns.has(held)) },
      {
        standIns: [],
      },
    );
    return requests;
  }

  /** The tags are those of the model, and what they hold, and what refers to it, can be pulled byte for byte. */
  async check(): Promise<void> {
    const { witness } = this.#repository;
    deepEqual(this.#judge.wrongs, []);
    deepEqual(sorted(await witness.tags()), sorted(this.model.tags));
    await this.#refresh();
    const images = [...this.model.required()].flatMap((digest) => this.model.images.get(digest) ?? []);
    const below = new Set(images.flatMap(({ children }) => children.map(({ digest }) => digest)));
    for (const image of images) {
      const { digest } = image;
      // By digest, as what still runs pulls it; what stands below another one is pulled with it.
      if (!below.has(digest)) {
        deepEqual({ digest, damage: await damageOf(witness, image) }, { digest, damage: [] });
      }
    }
  }

  async close(): Promise<void> {
    await this.#process?.engine.close();
    await Promise.allSettled(this.#closing);
  }

  #start(): Process {
    processes += 1;
    const name = `process-${processes}`;
    const { host } = this.#repository;
    const registries = [host, this.#place.source.host].map((address) => ({
      address,
      plainHttp: true,
      maxConnections: this.#maxConnections,
    }));
    const engine = createEngine({ registries, userAgent: name, retry: quickRetry });
    if (this.#process) this.#closing.push(this.#process.engine.close());
    this.#process = { name, engine, claims: new Set() };
    return this.#process;
  }

  async #attempt(
    process: Process,
    wishes: readonly Wish[],
    { crash, meanwhile }: Trouble,
    first: boolean,
  ): Promise<{ crashed: boolean; requests: number }> {
    const { gate } = this.#repository;
    const judge = this.#judge;
    await this.#refresh();
    const tasks = wishes.map((wish) => this.owner.plan(wish));
    const before = await this.#before(tasks);
    judge.rights = tasks.map(({ rights }) => rights);
    judge.present = before.present;
    judge.untagged.clear();
    this.neighbour.touched.clear();
    let crashed: () => void = () => undefined;
    const death = new Promise<undefined>((resolve) => {
      crashed = () => resolve(undefined);
    });
    const mark = tasks.some(({ wish }) => wish.does !== "collect" || wish.digests.length > 0);
    gate.open({
      process: process.name,
      judge,
      crash,
      meanwhile: meanwhile.map(({ at, action }) => ({ at, act: () => this.#meet(action, tasks) })),
      onGap: mark ? this.onGap : undefined,
      onCrash: () => {
        this.#closing.push(process.engine.close());
        crashed();
      },
    });
    const running = Promise.allSettled(tasks.map((task) => task.run(process.engine)));
    this.#closing.push(running);
    const outcomes = await Promise.race([running, death]);
    const requests = gate.passed;
    await gate.shut();
    if (gate.crashed || outcomes === undefined) {
      this.#process = undefined;
      return { crashed: true, requests };
    }
    judge.rights = [];
    const quiet = first && meanwhile.length === 0;
    for (const [position, result] of outcomes.entries()) {
      const task = tasks[position];
      if (task === undefined) continue;
      if (result.status === "rejected") throw new Error("A verb has failed", { cause: result.reason });
      this.owner.remember(task, result.value);
      this.#expectOutcome(task, result.value, before, process);
      if (meanwhile.length === 0) deepEqual({ skipped: result.value.report?.skipped ?? [] }, { skipped: [] });
    }
    if (quiet) await this.#expectCollected(tasks, before);
    return { crashed: false, requests };
  }

  /** A neighbour acts between two requests of ours. */
  async #meet(action: Action, tasks: readonly Task[]): Promise<void> {
    await this.act(action);
    this.#judge.rights = this.#judge.rights.map((rights, position) => {
      const wish = tasks[position]?.wish;
      // Whoever asks for a tag and not for an image means what it holds when he comes to it.
      if (wish?.does !== "destroy" || rights.untags.get(wish.tag) !== "anything") return rights;
      const held = this.model.tags.get(wish.tag);
      return held === undefined ? rights : { ...rights, collects: [...rights.collects, held] };
    });
  }

  async #before(tasks: readonly Task[]): Promise<Before> {
    const { model } = this;
    const present = new Set<string>();
    for (const digest of model.images.keys()) {
      if ((await this.#repository.witness.read("manifest", digest)) !== undefined) present.add(digest);
    }
    const candidates = model.below(
      tasks.flatMap(({ rights }) => rights.collects),
      (digest) => present.has(digest),
    );
    const keeps = tasks.flatMap(({ rights }) => rights.keeps);
    const whole = new Set<string>();
    for (const { wish } of tasks) {
      const held = wish.does === "put" ? this.owner.heldBy(wish.tag) : undefined;
      const image = held === undefined ? undefined : model.images.get(held);
      if (image && (await damageOf(this.#repository.witness, image)).length === 0) whole.add(image.digest);
    }
    return {
      tags: new Map(model.tags),
      present,
      standIns: new Map(model.standIns),
      candidates,
      needed: model.needed(candidates, keeps),
      keeps,
      whole,
    };
  }

  /** What becomes of tags that no neighbour has touched is certain. */
  #expectOutcome({ wish, rights }: Task, outcome: Outcome, before: Before, { claims }: Process): void {
    const { touched } = this.neighbour;
    const expectTag = (tag: string, digest: string | undefined): void => {
      if (!touched.has(tag)) deepEqual({ wish, tag, digest: this.model.tags.get(tag) }, { wish, tag, digest });
    };
    if (wish.does === "collect") return;
    if (wish.does === "put") {
      const { digest } = build(wish.image);
      if (outcome.failure !== undefined && !touched.has(wish.tag))
        throw new Error("A put has failed", { cause: outcome.failure });
      if (outcome.unheld !== undefined && ![...rights.puts.keys()].some((tag) => touched.has(tag)))
        throw new Error("An earlier image could not be held", { cause: outcome.unheld });
      expectTag(wish.tag, digest);
      claims.add(wish.tag);
      // What is said to be gone was not whole.
      deepEqual({ gone: (outcome.gone ?? []).filter((one) => before.whole.has(one)) }, { gone: [] });
      if (outcome.failure !== undefined) return;
      // Where the image that was left is gone, an earlier one stays in its place.
      if (outcome.gone !== undefined) return;
      for (const [tag, held] of rights.puts) {
        if (tag !== wish.tag && !rights.untags.has(tag)) expectTag(tag, held);
      }
    }
    if (wish.does === "destroy") {
      const expected = rights.untags.get(wish.tag);
      const held = before.tags.get(wish.tag);
      if (expected === "anything" && held === undefined) return;
      const isOurs = expected === "anything" || held === expected || before.standIns.get(held ?? "") === expected;
      const stays = claims.has(wish.tag) || !isOurs;
      expectTag(wish.tag, stays ? held : undefined);
      if (claims.has(wish.tag) && isOurs) return;
      // Where he has touched the tag, the new owner may have been met or not.
      if (touched.has(wish.tag) && claims.has(wish.tag)) return;
      if (!stays) claims.delete(wish.tag);
    }
    for (const [tag, expected] of rights.untags) {
      if (tag === wish.tag) continue;
      const held = before.tags.get(tag);
      const isOurs = held === expected || before.standIns.get(held ?? "") === expected;
      expectTag(tag, isOurs ? undefined : held);
    }
  }

  /** Of what was to go, all is gone that nobody needs. */
  async #expectCollected(tasks: readonly Task[], { candidates, needed, keeps }: Before): Promise<void> {
    if (tasks.some(({ wish }) => wish.does === "destroy" && wish.policy === "untag")) return;
    const still = this.model.needed(candidates, keeps);
    const left: string[] = [];
    for (const digest of candidates) {
      if (needed.has(digest) && still.has(digest)) continue;
      if (still.has(digest) || (tasks.length > 1 && needed.has(digest))) continue;
      const kind = this.model.images.has(digest) ? "manifest" : "blob";
      if ((await this.#repository.witness.read(kind, digest)) !== undefined) left.push(`${kind} ${digest}`);
    }
    deepEqual({ left }, { left: [] });
  }

  async #refresh(): Promise<void> {
    for (const digest of this.model.images.keys()) {
      for (const referrer of this.model.referrersOf(digest)) {
        const image = this.model.images.get(referrer);
        if (this.#reached.has(referrer) || !image) continue;
        if ((await damageOf(this.#repository.witness, image)).length > 0) this.model.lose(referrer);
      }
    }
    this.#reached = this.model.required();
  }
}

interface Before {
  readonly tags: ReadonlyMap<string, string>;
  readonly present: ReadonlySet<string>;
  readonly standIns: ReadonlyMap<string, string>;
  /** What is there of all that may be collected. */
  readonly candidates: ReadonlySet<string>;
  readonly needed: ReadonlySet<string>;
  readonly keeps: readonly string[];
  /** Those of the images that are left by an update that could be pulled. */
  readonly whole: ReadonlySet<string>;
}

function sorted(tags: ReadonlyMap<string, string>): [string, string][] {
  return [...tags].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
