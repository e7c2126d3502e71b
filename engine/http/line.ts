import type { Socket } from "node:net";
import { readAnswerHead } from "./answer-head.ts";
import { type BodyReader, framingOf, hasNoBody } from "./framing.ts";
import { WireError } from "./wire-error.ts";

/** What the receiver of an answer can do to it. */
export interface AnswerControl {
  /** Nothing more is read until `resume`; what has arrived is passed on. */
  pause(): void;
  resume(): void;
  /** Gives the exchange up, and its connection with it. The receiver is told the reason. */
  abort(reason: Error): void;
}

/** Who is told of an answer, in this order; after `onEnd` or `onError` nothing more. */
export interface Receiver {
  /** False when nobody waits for the answer any more: the request is not sent then. */
  readonly isWanted: boolean;
  /** The request is being sent now. */
  onStart(control: AnswerControl): void;
  onHead(status: number, headers: ReadonlyMap<string, string>): void;
  onContent(content: Buffer): void;
  onEnd(): void;
  onError(error: unknown): void;
}

/** A request that is ready to be sent, and who waits for its answer. */
export interface Exchange {
  readonly method: string;
  /** Everything before the body, each character a byte. */
  readonly head: string;
  /** As long as the head says. */
  readonly content: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** Until the head of the answer comes, in milliseconds; time in which the other side takes the body does not count. */
  readonly headersMs: number;
  /** Longest silence in the middle of an answer, in milliseconds. */
  readonly idleMs: number;
  readonly receiver: Receiver;
}

/** What becomes of a line. */
export interface LineEvents {
  /** Its exchange is over, and it can have another. */
  readonly onRest: () => void;
  /** After an answer that has no body something came that can only be one. */
  readonly onUnaskedBody: () => void;
  readonly onEnd: () => void;
}

/** Who works on an answer for ten minutes may say so often. Each is read, and a server could send them for ever. */
const maxInterim = 1000;

/** Smaller contents are sent in one piece with their head: one packet, and one call of the system. */
const onePieceBytes = 16 * 1024;

/**
 * One connection, with one exchange at a time. It is either at rest or has an exchange, whose answer is in its head or in
 * its body, as `#body` tells, while the request may still be on its way. Whatever is not clearly an answer, and the
 * whole of it, ends the connection: nothing is guessed, and nothing that is left over becomes part of the next answer.
 */
export class Line {
  readonly #socket: Socket;
  readonly #events: LineEvents;
  #exchange: Exchange | undefined;
  /** Of a head that has not arrived completely. */
  #pending: Buffer | undefined;
  #body: BodyReader | undefined;
  /** Interim answers that the exchange has had. */
  #interim = 0;
  #keeps = false;
  /** The content of the request is on its way. */
  #sending = false;
  #paused = false;
  #ended = false;
  #used = false;
  #wasBodiless = false;
  #drained: (() => void) | undefined;
  /** When the other side has been silent for too long, by `performance.now()`. */
  #deadline = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #timerFires = 0;
  /** Since when it is at rest, by `performance.now()`. */
  #idleSince = performance.now();
  /** How long the other side keeps it at rest, in milliseconds, as far as it has said. */
  #keptMs = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, events: LineEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on("data", (bytes: Buffer) => this.#receive(bytes));
    socket.on("drain", () => this.#drained?.());
    socket.on("error", (error) => this.end(error));
    socket.on("end", () => this.#onEnd());
    socket.on("close", () => this.end(closed()));
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Whether its last answer was one that has no body, whatever it says. */
  get wasBodiless(): boolean {
    return this.#wasBodiless;
  }

  /** Whether it can have an exchange, when lines rest for so long at most. */
  isFresh(keepMs: number): boolean {
    return !this.#ended && performance.now() - this.#idleSince < Math.min(keepMs, this.#keptMs);
  }

  /** At rest, it does not keep the process alive. */
  rest(): void {
    this.#idleSince = performance.now();
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#socket.unref();
  }

  /** Begins an exchange; whatever becomes of it, its receiver is told. */
  begin(exchange: Exchange): void {
    const { head, content, headersMs, receiver } = exchange;
    this.#exchange = exchange;
    this.#socket.ref();
    this.#expect(headersMs);
    receiver.onStart({
      pause: () => this.#exchange === exchange && this.#pause(),
      resume: () => this.#exchange === exchange && this.#resume(),
      abort: (reason) => this.#exchange === exchange && this.end(reason),
    });
    if (this.#exchange !== exchange) return;
    if (content === undefined) this.#socket.write(head, "latin1");
    else if (!(content instanceof Uint8Array)) void this.#send(exchange, content);
    else if (content.byteLength <= onePieceBytes) {
      this.#socket.write(Buffer.concat([Buffer.from(head, "latin1"), content]));
    } else this.#sendTogether(head, content);
  }

  /** Closes the connection; an exchange that it has fails with the error. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    this.#events.onEnd();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#drained?.();
    exchange?.receiver.onError(error ?? closed());
  }

  /** Sends a content as its source gives it, at the pace of the other side. */
  async #send(exchange: Exchange, source: AsyncIterable<Uint8Array>): Promise<void> {
    const { head, headersMs } = exchange;
    this.#sending = true;
    try {
      let begun = false;
      // While the source is slow the other side waits for us.
      this.#deadline = Number.POSITIVE_INFINITY;
      for await (const piece of source) {
        if (this.#exchange !== exchange) return;
        const goesOn = begun ? this.#socket.write(piece) : this.#sendTogether(head, piece);
        begun = true;
        if (goesOn) continue;
        if (this.#body === undefined) this.#expect(headersMs);
        await this.#drain();
        if (this.#exchange !== exchange) return;
        if (this.#body === undefined) this.#deadline = Number.POSITIVE_INFINITY;
      }
      if (this.#exchange !== exchange) return;
      if (!begun) this.#socket.write(head, "latin1");
      this.#sending = false;
      if (this.#body === undefined) this.#expect(headersMs);
    } catch (error) {
      if (this.#exchange === exchange) this.end(error);
    }
  }

  /**
   * In one call of the system: a server that refuses by the head alone may have closed before a second one, and its
   * answer would be lost with the connection.
   */
  #sendTogether(head: string, content: Uint8Array): boolean {
    this.#socket.cork();
    this.#socket.write(head, "latin1");
    const goesOn = this.#socket.write(content);
    this.#socket.uncork();
    return goesOn;
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#drained = undefined;
        resolve();
      };
    });
  }

  #receive(bytes: Buffer): void {
    // Nobody has asked for anything.
    if (this.#exchange === undefined) {
      // Some say on a connection at rest why they close it.
      if (this.#wasBodiless && bytes.toString("latin1", 0, 5) !== "HTTP/") this.#events.onUnaskedBody();
      this.end();
      return;
    }
    try {
      if (this.#body === undefined) this.#readHead(bytes);
      else this.#readBody(this.#exchange, this.#body, bytes);
    } catch (error) {
      this.end(error);
    }
  }

  #readHead(bytes: Buffer): void {
    const { exchange, pending } = { exchange: this.#exchange, pending: this.#pending };
    if (exchange === undefined) return;
    let arrived = pending === undefined ? bytes : Buffer.concat([pending, bytes]);
    let found = this.#findHead(arrived);
    // The answer comes after these, and the deadline stays.
    while (found !== undefined && found.head.status < 200) {
      if (found.head.status === 101)
        throw new WireError("IMAGESYNC_NOT_HTTP", "The server changes the protocol without being asked");
      this.#interim += 1;
      if (this.#interim > maxInterim) throw new WireError("IMAGESYNC_NOT_HTTP", "Interim answers come without end");
      arrived = arrived.subarray(found.end);
      found = this.#findHead(arrived);
    }
    this.#pending = found === undefined && arrived.byteLength > 0 ? arrived : undefined;
    if (found === undefined) return;
    const { head, end } = found;
    const rest = arrived.subarray(end);
    const { status, headers, modern } = head;
    const body = framingOf(exchange.method, head);
    const connection = headers.get("connection");
    this.#keeps = modern && (connection === undefined || !/(?:^|,)\s*close\s*(?:,|$)/i.test(connection));
    const kept = /\btimeout=(\d{1,6})\b/i.exec(headers.get("keep-alive") ?? "")?.[1];
    // A second less: it may have begun to count before us.
    this.#keptMs = kept === undefined ? Number.POSITIVE_INFINITY : Number(kept) * 1000 - 1000;
    exchange.receiver.onHead(status, headers);
    if (this.#exchange !== exchange) return;
    this.#wasBodiless = hasNoBody(exchange.method, status);
    if (body === undefined) {
      if (this.#wasBodiless && rest.byteLength > 0) this.#events.onUnaskedBody();
      this.#finish(exchange, rest.byteLength === 0);
      return;
    }
    this.#body = body;
    this.#listen(exchange);
    if (rest.byteLength > 0) this.#readBody(exchange, body, rest);
  }

  /** Where the answer before it seemed whole, what is no answer may belong to that one, and says nothing of the server. */
  #findHead(arrived: Buffer): ReturnType<typeof readAnswerHead> {
    try {
      return readAnswerHead(arrived);
    } catch (error) {
      if (!this.#used || !(error instanceof WireError) || error.code !== "IMAGESYNC_NOT_HTTP") throw error;
      if (this.#wasBodiless) this.#events.onUnaskedBody();
      throw new WireError("IMAGESYNC_AMBIGUOUS_LENGTH", "Something else came in place of the answer");
    }
  }

  #readBody(exchange: Exchange, body: BodyReader, bytes: Buffer): void {
    this.#listen(exchange);
    const end = body.read(bytes, (content) => {
      // Given up in the middle of these bytes.
      if (this.#exchange === exchange) exchange.receiver.onContent(content);
    });
    if (end !== undefined && this.#exchange === exchange) this.#finish(exchange, end === bytes.byteLength);
  }

  /** The answer is whole. `clean` when nothing has come after it. */
  #finish(exchange: Exchange, clean: boolean): void {
    // What is still to be sent nobody wants any more, and the next request cannot stand behind half of this one.
    const isSent = !this.#sending && this.#socket.writableLength === 0;
    this.#exchange = undefined;
    this.#body = undefined;
    this.#sending = false;
    this.#used = true;
    this.#interim = 0;
    if (this.#paused) this.#resume();
    if (this.#keeps && this.#keptMs > 0 && clean && isSent) this.#events.onRest();
    else this.end();
    this.#drained?.();
    exchange.receiver.onEnd();
  }

  /** The other side says that it sends no more. */
  #onEnd(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#body?.endsWithConnection === true) this.#finish(exchange, false);
    else this.end(closed());
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#exchange !== undefined) this.#listen(this.#exchange);
    this.#socket.resume();
  }

  /** More of the body is expected, unless nobody takes it. */
  #listen({ idleMs }: Exchange): void {
    if (!this.#paused) this.#expect(idleMs);
  }

  /** The other side has so long from now. One timer serves many exchanges: it is set anew only when it has fired. */
  #expect(withinMs: number): void {
    this.#deadline = performance.now() + withinMs;
    if (this.#timer !== undefined && this.#timerFires <= this.#deadline) return;
    clearTimeout(this.#timer);
    this.#setTimer(withinMs);
  }

  #setTimer(inMs: number): void {
    this.#timerFires = performance.now() + inMs;
    this.#timer = setTimeout(() => this.#onTimer(), inMs).unref();
  }

  #onTimer(): void {
    this.#timer = undefined;
    const deadline = this.#deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    // Timers may fire a moment early.
    const leftMs = deadline - performance.now();
    if (leftMs > 1) this.#setTimer(leftMs);
    // Where this process had no time itself, what has arrived meanwhile is looked at first.
    else setImmediate(() => this.#judge(deadline));
  }

  #judge(deadline: number): void {
    if (this.#deadline !== deadline) {
      if (this.#timer === undefined && this.#deadline !== Number.POSITIVE_INFINITY && !this.#ended) {
        this.#setTimer(Math.max(1, this.#deadline - performance.now()));
      }
      return;
    }
    if (this.#body === undefined) this.end(new WireError("IMAGESYNC_HEADERS_TIMEOUT", "No answer came in time"));
    else this.end(new WireError("IMAGESYNC_BODY_TIMEOUT", "The answer stopped in the middle"));
  }
}

function closed(): WireError {
  return new WireError("IMAGESYNC_CLOSED", "The other side has closed the connection");
}
