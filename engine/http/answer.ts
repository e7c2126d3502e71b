import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { ImagesyncError } from "../errors.ts";
import { explainNetworkError } from "./network-error.ts";
import { Throughput, type ThroughputLimits } from "./throughput.ts";
import type { Traffic, WireRequest, WireResponse } from "./wire.ts";

/** Of an error answer no more is kept: what registries say is short, and proxies send whole pages. */
const maxErrorBytes = 64 * 1024;

/**
 * Chunks of a streamed body that wait for their reader at most, up to 64 KiB each, beyond what is in the socket. The
 * stream counts chunks and not bytes, because a stream of bytes would join what waits into one new buffer.
 */
const streamedChunksAhead = 4;

/**
 * Receives one answer. It starts empty, learns status and headers, and then either collects the body, and resolves when
 * it is whole, or resolves at once with a stream and feeds that. A failure before it has resolved rejects, later it
 * destroys the stream.
 */
export class Answer implements Dispatcher.DispatchHandler {
  readonly response: Promise<WireResponse>;
  readonly #request: WireRequest;
  readonly #traffic: Traffic;
  readonly #resolve: (response: WireResponse) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onAbort: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: ReadonlyMap<string, string> = new Map();
  #collected: Buffer[] = [];
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
    request.body?.watch(request.throughput, (error) => this.#controller?.abort(error));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Stopped while it waited for a connection.
    if (this.#request.signal.aborted) controller.abort(this.#request.signal.reason as Error);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = joined(headers);
    if (!this.#request.streamed || status >= 300) return;
    this.#stream = new StreamedBody(controller, this.#request.throughput);
    this.#respond(this.#stream, true);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // undici flushes its parser with nothing when it is resumed; as an empty chunk that would keep reader and parser busy.
    if (chunk.byteLength === 0) return;
    this.#traffic.bytesReceived += chunk.byteLength;
    if (this.#stream !== undefined) {
      if (!this.#stream.receive(chunk)) controller.pause();
      return;
    }
    this.#size += chunk.byteLength;
    if (this.#status >= 300 && this.#size > maxErrorBytes) {
      this.#collected.push(chunk.subarray(0, maxErrorBytes - this.#size));
      this.#leave();
      this.#respond(new WholeBody(this.#collected), false);
      controller.abort(new Error("The rest of an error answer is not wanted"));
    } else if (this.#size > this.#request.maxAnswerBytes) {
      controller.abort(tooLarge(this.#request));
    } else {
      this.#collected.push(chunk);
    }
  }

  onResponseEnd(): void {
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, thrown: Error): void {
    this.#leave();
    const { body, signal } = this.#request;
    // A body whose source failed shows up here as a failed request; the source is what to report.
    const reason = signal.aborted ? signal.reason : (body?.failure ?? thrown);
    this.#reject(reason);
    if (this.#stream === undefined || this.#stream.complete) return;
    this.#stream.end();
    this.#stream.destroy(explainNetworkError(reason, this.#request).error);
  }

  #finish(): void {
    this.#leave();
    const stream = this.#stream;
    stream?.end();
    afterConnectionIsFree(() => {
      if (stream === undefined) this.#respond(new WholeBody(this.#collected), false);
      else stream.push(null);
    });
  }

  #respond(body: Readable, streamed: boolean): void {
    this.#resolve({ status: this.#status, headers: this.#headers, url: this.#request.url, body, streamed });
  }

  /** Does not wait for undici: a request that is still queued there would be told only when it gets a connection. */
  #stop(): void {
    const reason = this.#request.signal.reason as Error;
    this.#reject(reason);
    this.#stream?.destroy(reason);
    this.#controller?.abort(reason);
    this.#leave();
  }

  #leave(): void {
    this.#request.signal.removeEventListener("abort", this.#onAbort);
    this.#request.body?.abandon();
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
  readonly #controller: Dispatcher.DispatchController;
  readonly #throughput: Throughput | undefined;

  constructor(controller: Dispatcher.DispatchController, throughput: ThroughputLimits | undefined) {
    super({ objectMode: true, highWaterMark: streamedChunksAhead });
    this.#controller = controller;
    this.#throughput = throughput && new Throughput(throughput, (error) => controller.abort(error));
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
    this.#controller.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    if (!this.complete) {
      this.end();
      this.#controller.abort(error ?? new Error("The body was given up by its reader"));
    }
    callback(error);
  }
}

/**
 * undici takes a connection up again one turn of the event loop after the end of an answer. Who hears of the end before
 * that and sends the next request, as every sequence of requests does, would be given a new connection.
 */
function afterConnectionIsFree(proceed: () => void): void {
  queueMicrotask(() => setImmediate(proceed));
}

function joined(headers: Record<string, string | string[] | undefined>): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value);
  }
  return map;
}

function tooLarge(request: WireRequest): ImagesyncError {
  return new ImagesyncError({
    code: "limit",
    operation: request.operation,
    registry: request.registry,
    message: `Cannot ${request.operation} at ${request.registry}: the answer is larger than ${request.maxAnswerBytes} bytes`,
  });
}
