import type { Socket } from "node:net";
import { type Connecting, type Connector, targetOf } from "./connector.ts";
import { type Exchange, Line } from "./line.ts";
import { WireError } from "./wire-error.ts";

/** Shorter than what servers keep: a connection that the other side closes at the moment of use fails an upload. */
const keepAliveMs = 4000;

/** What there is for one origin. */
interface Place {
  readonly url: URL;
  /** At rest, the one that was used last at the end. */
  readonly idle: Line[];
  /** In the order of asking. */
  waiting: Exchange[];
  /** Connections that are being made. */
  opening: number;
  /** Connections whose exchange has just ended. */
  settling: number;
  /** False where bodies came to requests that none may come to. */
  keepsBodiless: boolean;
}

interface Settling {
  readonly place: Place;
  readonly line: Line;
}

/**
 * Connections that are kept and reused, made in one way. How many there are is decided at the gates of limit.ts, which
 * know what must not wait: who finds none at rest has a new one made. He gets whichever is free first, that one or
 * another's.
 */
export class Lines {
  readonly #connect: Connector;
  readonly #places = new Map<string, Place>();
  readonly #lines = new Set<Line>();
  readonly #making = new Set<Connecting>();
  /** Those whose exchange has ended since the last turn of the event loop, and in the one before. */
  #settling: Settling[] = [];
  #settled: Settling[] = [];
  #turn: NodeJS.Immediate | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connect: Connector) {
    this.#connect = connect;
  }

  /** Sends a request to an origin; whatever becomes of it, its receiver is told. */
  send(origin: string, exchange: Exchange): void {
    if (this.#closed || !exchange.receiver.isWanted) {
      exchange.receiver.onError(new WireError("IMAGESYNC_CLOSED", "It was stopped before it was sent"));
      return;
    }
    let place = this.#places.get(origin);
    if (place === undefined) {
      place = { url: new URL(origin), idle: [], waiting: [], opening: 0, settling: 0, keepsBodiless: true };
      this.#places.set(origin, place);
    }
    for (let line = place.idle.pop(); line !== undefined; line = place.idle.pop()) {
      if (line.isFresh(keepAliveMs)) {
        line.begin(exchange);
        return;
      }
      line.end();
    }
    place.waiting.push(exchange);
    this.#supply(place);
  }

  /** Destroys all connections, without waiting for what they carry. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#sweeper);
    clearImmediate(this.#turn);
    const error = new WireError("IMAGESYNC_CLOSED", "The client was closed");
    for (const line of this.#lines) line.end(error);
    for (const { waiting } of this.#places.values()) {
      for (const { receiver } of waiting.splice(0)) receiver.onError(error);
    }
    for (const making of this.#making) making.destroy(error);
  }

  /** Has a connection made for each who waits and will not get another. */
  #supply(place: Place): void {
    place.waiting = place.waiting.filter(({ receiver }) => receiver.isWanted);
    while (!this.#closed && place.waiting.length > place.opening + place.settling) this.#open(place);
  }

  #open(place: Place): void {
    place.opening += 1;
    try {
      const making = this.#connect(targetOf(place.url), (...[error, socket]) => {
        place.opening -= 1;
        this.#making.delete(making);
        if (error === null) this.#add(place, socket);
        else this.#fail(place, error);
      });
      this.#making.add(making);
    } catch (error) {
      place.opening -= 1;
      this.#fail(place, error);
    }
  }

  #add(place: Place, socket: Socket): void {
    const line = new Line(socket, {
      onRest: () => {
        if (line.wasBodiless && !place.keepsBodiless) line.end();
        else this.#settle(place, line);
      },
      onUnaskedBody: () => {
        place.keepsBodiless = false;
      },
      onEnd: () => {
        this.#lines.delete(line);
        const at = place.idle.indexOf(line);
        if (at >= 0) place.idle.splice(at, 1);
      },
    });
    this.#lines.add(line);
    if (this.#closed) line.end();
    else this.#use(place, line);
  }

  /**
   * Some servers close after an answer without having said so, and some send a body to HEAD. Both come right behind the
   * answer: nobody is sent into that before the event loop has looked at the connection once more.
   */
  #settle(place: Place, line: Line): void {
    place.settling += 1;
    this.#settling.push({ place, line });
    this.#turn ??= setImmediate(() => this.#onTurn());
  }

  /** Answers are read between two turns: only at the second after it all that came behind one has been read as well. */
  #onTurn(): void {
    this.#turn = undefined;
    const settled = this.#settled;
    this.#settled = this.#settling;
    this.#settling = [];
    for (const { place, line } of settled) {
      place.settling -= 1;
      if (!line.hasEnded) this.#use(place, line);
      else this.#supply(place);
    }
    if (this.#settled.length > 0) this.#turn ??= setImmediate(() => this.#onTurn());
  }

  /** A line goes to who has waited longest, or to rest. */
  #use(place: Place, line: Line): void {
    const next = this.#next(place);
    if (next !== undefined) {
      line.begin(next);
      return;
    }
    line.rest();
    place.idle.push(line);
    this.#sweeper ??= setTimeout(() => this.#sweep(), keepAliveMs).unref();
  }

  /** There are connections for the others who wait; who has waited longest is told why there is none for him. */
  #fail(place: Place, error: unknown): void {
    place.waiting = place.waiting.filter(({ receiver }) => receiver.isWanted);
    if (place.waiting.length > place.opening + place.settling) this.#next(place)?.receiver.onError(error);
  }

  #next({ waiting }: Place): Exchange | undefined {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (next.receiver.isWanted) return next;
    }
    return undefined;
  }

  #sweep(): void {
    this.#sweeper = undefined;
    let resting = 0;
    for (const { idle } of this.#places.values()) {
      // Each that ends takes itself off the list.
      for (const line of idle.filter((one) => !one.isFresh(keepAliveMs))) line.end();
      resting += idle.length;
    }
    if (resting > 0) this.#sweeper = setTimeout(() => this.#sweep(), keepAliveMs).unref();
  }
}
