import { Readable } from "node:stream";
import { ImagesyncError } from "../errors.ts";
import { Collected } from "./collected.ts";
import type { AnswerControl, Receiver } from "./line.ts";
import { explainNetworkError } from "./network-error.ts";
import { Throughput, type ThroughputLimits } from "./throughput.ts";
import type { Traffic, WireRequest, WireResponse } from "./wire.ts";

/** Of an error answer no more is kept: what registries say is short, and proxies send whole pages. */
const maxErrorBytes = 64 * 1024;

/**
 * Chunks of a streamed body that wait for their reader at most, beyond what is in the socket: 64 KiB each in Node, up to
 * half a mebibyte in the executables. The stream counts chunks and not bytes, because a stream of bytes would join what
 * waits into one new buffer.
 */
const streamedChunksAhead = 4;

/**
 * Receives one answer. It starts empty, learns status and headers, and then either collects the body, and resolves when
 * it is whole, or resolves at once with a stream and feeds that. A failure before it has resolved rejects, later it
 * destroys the stream.
 */
export class Answer implements Receiver {
  readonly response: Promise<WireResponse>;
  readonly #request: WireRequest;
  readonly #traffic: Traffic;
  readonly #resolve: (response: WireResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort: () => void;
  #control: AnswerControl | undefined;
  #status = 0;
  #headers: ReadonlyMap<string, string> = new Map();
  readonly #collected = new Collected();
  #size = 0;
  #stream: StreamedBody | undefined;

  constructor(request: WireRequest, traffic: Traffic) {
    this.#request = request;
    this.#traffic = traffic;
    let settle: { resolve: (response: WireResponse) => void; reject: (error: unknown) => void } | undefined;
    this.response = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#resolve = (response) => settle?.resolve(response);
    this.#reject = (error) => settle?.reject(error);
    this.#onAbort = () => this.#stop();
    request.signal.addEventListener("abort", this.#onAbort, { once: true });
    request.body?.watch(request.throughput, (error) => this.#control?.abort(error));
  }

  get isWanted(): boolean {
    return !this.#request.signal.aborted;
  }

  onStart(control: AnswerControl): void {
    this.#control = control;
  }

  onHead(status: number, headers: ReadonlyMap<string, string>): void {
    this.#status = status;
    this.#headers = headers;
    const control = this.#control;
    if (!this.#request.streamed || status >= 300 || control === undefined) return;
    this.#stream = new StreamedBody(control, this.#request.throughput);
    this.#resolve({ ...this.#told(), body: this.#stream, streamed: true });
  }

  onContent(content: Buffer): void {
    this.#traffic.bytesReceived += content.byteLength;
    if (this.#stream !== undefined) {
      if (!this.#stream.receive(content)) this.#control?.pause();
      return;
    }
    this.#size += content.byteLength;
    if (this.#status >= 300 && this.#size > maxErrorBytes) {
      this.#collected.add(content.subarray(0, maxErrorBytes - this.#size));
      this.#leave();
      this.#resolve(new WholeAnswer(this.#told(), this.#collected.pieces));
      this.#control?.abort(new Error("The rest of an error answer is not wanted"));
    } else if (this.#size > this.#request.maxAnswerBytes) {
      this.#control?.abort(tooLarge(this.#request));
    } else {
      this.#collected.add(content);
    }
  }

  onEnd(): void {
    this.#leave();
    if (this.#stream === undefined) {
      this.#resolve(new WholeAnswer(this.#told(), this.#collected.pieces));
      return;
    }
    this.#stream.end();
    this.#stream.push(null);
  }

  onError(thrown: unknown): void {
    this.#leave();
    const { body, signal } = this.#request;
    // A body whose source failed shows up here as a failed request; the source is what to report.
    const reason = signal.aborted ? signal.reason : (body?.failure ?? thrown);
    this.#reject(reason);
    if (this.#stream === undefined || this.#stream.complete) return;
    this.#stream.end();
    this.#stream.destroy(explainNetworkError(reason, this.#request).error);
  }

  #told(): Told {
    return { status: this.#status, headers: this.#headers, url: this.#request.url };
  }

  /** A request that still waits for a connection is told as well. */
  #stop(): void {
    const reason = this.#request.signal.reason as Error;
    this.#reject(reason);
    this.#stream?.destroy(reason);
    this.#control?.abort(reason);
    this.#leave();
  }

  #leave(): void {
    this.#request.signal.removeEventListener("abort", this.#onAbort);
    this.#request.body?.abandon();
  }
}

type Told = Pick<WireResponse, "status" | "headers" | "url">;

/** An answer that has arrived. Its body becomes a stream when it is asked for, which that of a HEAD never is. */
class WholeAnswer implements WireResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly url: URL;
  readonly streamed = false;
  readonly #chunks: readonly Buffer[];
  #body: Readable | undefined;

  constructor({ status, headers, url }: Told, chunks: readonly Buffer[]) {
    this.status = status;
    this.headers = headers;
    this.url = url;
    this.#chunks = chunks;
  }

  get body(): Readable {
    this.#body ??= new WholeBody(this.#chunks);
    return this.#body;
  }
}

/** A body that has arrived. Most are empty, and `Readable.from` does a lot for each. */
class WholeBody extends Readable {
  readonly #chunks: readonly Buffer[];

  constructor(chunks: readonly Buffer[]) {
    super();
    this.#chunks = chunks;
  }

  override _read(): void {
    for (const chunk of this.#chunks) this.push(chunk);
    this.push(null);
  }
}

/** A body as it arrives. Its reader sets the pace; destroyed before its end it takes the connection with it. */
class StreamedBody extends Readable {
  complete = false;
  readonly #control: AnswerControl;
  readonly #throughput: Throughput | undefined;

  constructor(control: AnswerControl, throughput: ThroughputLimits | undefined) {
    super({ objectMode: true, highWaterMark: streamedChunksAhead });
    this.#control = control;
    this.#throughput = throughput && new Throughput(throughput, (error) => control.abort(error));
    // A stop can come before anybody reads, as uploads read when their first byte can be sent. Who reads then is told;
    // without a listener until then the error would end the process.
    this.on("error", () => undefined);
  }

  /** Takes a chunk that has arrived; false when no more is wanted at the moment. */
  receive(chunk: Buffer): boolean {
    this.#throughput?.moved(chunk.byteLength);
    const more = this.push(chunk);
    if (more) this.#throughput?.wait();
    return more;
  }

  /** The answer has ended, whether all has been read or not. */
  end(): void {
    this.complete = true;
    this.#throughput?.end();
  }

  override _read(): void {
    if (!this.complete) this.#throughput?.wait();
    this.#control.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.complete) {
      this.end();
      this.#control.abort(error ?? new Error("The body was given up by its reader"));
    }
    callback(error);
  }
}

function tooLarge(request: WireRequest): ImagesyncError {
  return new ImagesyncError({
    code: "limit",
    operation: request.operation,
    registry: request.registry,
    message: `Cannot ${request.operation} at ${request.registry}: the answer is larger than ${request.maxAnswerBytes} bytes`,
  });
}
