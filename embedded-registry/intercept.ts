import { once } from "node:events";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Reply } from "./reply.ts";
import type { Route } from "./router.ts";

/** What a fault script sees of a request, before authentication. */
interface InterceptedRequest extends Route {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** What goes wrong with one request. Everything given happens; an empty fault changes nothing. */
export interface Fault {
  /** Nothing is done before this promise is fulfilled. */
  readonly until?: Promise<unknown>;
  /** Answered instead of doing what was asked. */
  readonly respond?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer;
  };
  /** Headers of the answer that are changed, or with undefined left out; names as in the answer, for example `ETag`. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** The connection ends after this many bytes of the answer's body; `Content-Length` still promises all of them. */
  readonly cutAfterBytes?: number;
  /** After this many bytes of the answer's body nothing more comes, and the connection stays open. */
  readonly stallAfterBytes?: number;
  /** What was asked is done, and then the connection ends in place of an answer. */
  readonly loseAnswer?: boolean;
  /** This byte of the answer's body is changed, all other bytes and the length are right. */
  readonly corruptByte?: number;
  /** The connection ends once this many bytes of the request's body have come. */
  readonly cutAfterReceivedBytes?: number;
}

/** Decides about each request; called once for each, in the order of their arrival. */
export type Intercept = (request: InterceptedRequest) => Fault | undefined;

/** The reply with its status, headers and bytes as the fault wants them. */
export function alteredReply(reply: Reply, fault: Fault | undefined): Reply {
  if (fault?.headers === undefined) return reply;
  const replaced = Object.entries({ ...reply.headers, ...fault.headers });
  return {
    ...reply,
    headers: Object.fromEntries(
      replaced.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])),
    ),
  };
}

/** The answer that replaces the real one. */
export function substituteReply(respond: NonNullable<Fault["respond"]>): Reply {
  return {
    status: respond.status,
    ...(respond.headers === undefined ? {} : { headers: respond.headers }),
    ...(respond.body === undefined ? {} : { body: Buffer.from(respond.body) }),
  };
}

/** Whether the body of an answer is not sent as it is. */
export function damagesBody(fault: Fault | undefined): fault is Fault {
  return [fault?.cutAfterBytes, fault?.stallAfterBytes, fault?.corruptByte].some((damage) => damage !== undefined);
}

/** Sends a body with its damage: the changed byte, or the end of the connection in the middle. */
export async function sendDamaged(
  body: Readable,
  fault: Fault,
  response: ServerResponse,
  onSent: (bytes: number) => void,
): Promise<void> {
  const end = fault.cutAfterBytes ?? fault.stallAfterBytes ?? Infinity;
  let offset = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk as Buffer);
    const at = (fault.corruptByte ?? -1) - offset;
    if (at >= 0 && at < bytes.length) bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
    const part = bytes.subarray(0, Math.max(0, end - offset));
    offset += bytes.length;
    onSent(part.length);
    await new Promise<void>((resolve, reject) => {
      response.write(part, (error) => (error ? reject(error) : resolve()));
    });
    if (offset >= end && fault.stallAfterBytes !== undefined) {
      await once(response, "close");
      return;
    }
    if (offset >= end) {
      // What was written still goes out, then the connection ends before its time.
      response.socket?.destroySoon();
      return;
    }
  }
  response.end();
}
