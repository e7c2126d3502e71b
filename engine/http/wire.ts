import type { Readable } from "node:stream";
import type { HttpRequest } from "./message.ts";
import type { OutgoingBody } from "./outgoing-body.ts";
import type { ThroughputLimits } from "./throughput.ts";

/** One request to one URL: no retry, no redirect, no login any more. */
export interface WireRequest {
  readonly operation: string;
  /** The registry on whose behalf it is made, also when the URL is elsewhere. */
  readonly registry: string;
  readonly method: HttpRequest["method"];
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names of configured headers that are for the registry itself only. */
  readonly personalHeaders: ReadonlySet<string>;
  readonly body?: OutgoingBody | undefined;
  /** True when the body speaks for the user, as headers do: it is for the host that it was made for. @default false */
  readonly personalBody?: boolean | undefined;
  /** True when the body of a successful answer is passed on as it arrives; others are read whole. */
  readonly streamed: boolean;
  /** True when it must not be sent again once it may have reached the server. */
  readonly once?: boolean | undefined;
  /** How often it is sent at most, where that differs from other requests. */
  readonly maxAttempts?: number | undefined;
  /** Until the headers of the answer come, after the body was sent. */
  readonly headersMs: number;
  /** How slow the bodies may be. @default as slow as they like */
  readonly throughput?: ThroughputLimits | undefined;
  /** False for what others wait for while they hold a slot of the same host: it must not queue behind them. */
  readonly queued: boolean;
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

export interface WireResponse {
  readonly status: number;
  /** Names in lower case; values of repeated headers joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly url: URL;
  /** A whole body is read already; a streamed one ends with the connection. */
  readonly body: Readable;
  readonly streamed: boolean;
}

/** Sends one request and resolves when its answer may be judged. What wraps an exchange is an exchange again. */
export type Exchange = (request: WireRequest) => Promise<WireResponse>;

/** What went over the wire, bodies only, in bytes. */
export interface Traffic {
  requests: number;
  bytesReceived: number;
  bytesSent: number;
}
