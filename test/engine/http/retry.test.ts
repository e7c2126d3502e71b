import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { ImagesyncError } from "../../../engine/errors.ts";
import type { EngineEvent } from "../../../engine/events.ts";
import type { RetryOptions } from "../../../engine/http/backoff.ts";
import { OutgoingBody } from "../../../engine/http/outgoing-body.ts";
import { parseRetryAfter } from "../../../engine/http/retry-after.ts";
import { type RetryContext, withRetries } from "../../../engine/http/retry.ts";
import type { WireResponse } from "../../../engine/http/wire.ts";

const failed = (code: string): Error => Object.assign(new Error(code), { code });

interface Setting {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: OutgoingBody;
  readonly once?: boolean;
  readonly stale?: readonly number[];
  readonly headers?: Record<string, string>;
  readonly options?: Partial<RetryOptions>;
  readonly signal?: AbortSignal;
}

/** Runs through outcomes, a status or an error each; the last one repeats. */
async function run(outcomes: readonly (number | Error)[], setting: Setting = {}) {
  const events: EngineEvent[] = [];
  const pauses: number[] = [];
  const refusals: number[] = [];
  let calls = 0;
  const context: RetryContext = {
    request: {
      operation: "get manifest",
      registry: "r.example",
      method: setting.method ?? "GET",
      body: setting.body,
      once: setting.once,
      signal: setting.signal ?? new AbortController().signal,
    },
    options: { attempts: 4, baseDelayMs: 1, maxDelayMs: 3, budgetMs: 50, ...setting.options },
    onEvent: (event) => events.push(event),
    pause: (_, durationMs) => pauses.push(durationMs),
    refuse: (_, durationMs) => refusals.push(durationMs),
    isStale: ({ status }) => setting.stale?.includes(status) === true,
  };
  const result = await withRetries(context, async (): Promise<WireResponse> => {
    const outcome = outcomes[Math.min(calls, outcomes.length - 1)] ?? 200;
    calls += 1;
    if (outcome instanceof Error) throw outcome;
    const headers = new Map(Object.entries(setting.headers ?? {}));
    return { status: outcome, headers, url: new URL("https://r.example/"), body: Readable.from([]), streamed: false };
  }).then(
    ({ response, attempts }) => ({ status: response.status, attempts }),
    (error: unknown) => ({ error }),
  );
  return { ...result, calls, events, pauses, refusals };
}

describe("which answers are tried again", () => {
  test.each([408, 425, 429, 499, 500, 502, 503, 504, 522, 523, 524])("%i is, until it changes", async (status) => {
    expect(await run([status, status, 200])).toMatchObject({ status: 200, attempts: 3, calls: 3 });
  });

  test.each([200, 201, 202, 304, 400, 401, 403, 404, 405, 409, 412, 413, 416, 501, 505, 507])(
    "%i is final",
    async (status) => {
      expect(await run([status, 200])).toMatchObject({ status, attempts: 1, calls: 1 });
    },
  );

  test("the last answer is returned when the attempts are used up", async () => {
    expect(await run([503])).toMatchObject({ status: 503, attempts: 4, calls: 4 });
  });
});

describe("which failures are tried again", () => {
  test.each(["ECONNRESET", "ECONNREFUSED", "EPIPE", "IMAGESYNC_CLOSED", "EAI_AGAIN", "EHOSTUNREACH"])(
    "%s is, then it is unavailable",
    async (code) => {
      expect(await run([failed(code), 200])).toMatchObject({ status: 200, attempts: 2 });
      expect(await run([failed(code)])).toMatchObject({
        calls: 4,
        error: { code: "unavailable", attempts: 4, registry: "r.example" },
      });
    },
  );

  test.each(["UND_ERR_CONNECT_TIMEOUT", "IMAGESYNC_HEADERS_TIMEOUT", "IMAGESYNC_BODY_TIMEOUT", "ETIMEDOUT"])(
    "%s is, then it is a timeout",
    async (code) => {
      expect(await run([failed(code)])).toMatchObject({ calls: 4, error: { code: "timeout", attempts: 4 } });
    },
  );

  test.each([
    ["ERR_SSL_WRONG_VERSION_NUMBER", "tls", "plain_http"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "tls", "ca_certificate"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls", "ca_certificate"],
    ["CERT_HAS_EXPIRED", "tls", "new certificate"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls", "name"],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls", "client_certificate"],
    ["IMAGESYNC_NOT_HTTP", "protocol", "plain_http"],
    ["ENOTFOUND", "unavailable", "name"],
    ["IMAGESYNC_PRIVATE_ADDRESS", "redirect-refused", "configure that host"],
  ])("%s is final: %s", async (code, errorCode, hint) => {
    expect(await run([failed(code), 200])).toMatchObject({
      calls: 1,
      error: { code: errorCode, hint: expect.stringContaining(hint) },
    });
  });

  test("EPROTO means plain HTTP only when OpenSSL says so", async () => {
    const wrongVersion = Object.assign(new Error("write EPROTO 0:error:0A00010B:SSL routines::wrong version number"), {
      code: "EPROTO",
    });
    expect(await run([wrongVersion])).toMatchObject({
      error: { code: "tls", hint: expect.stringContaining("--plain-http") },
    });
    expect(await run([failed("EPROTO")])).toMatchObject({
      error: { code: "tls", hint: expect.not.stringContaining("--plain-http") },
    });
  });

  test("the first of several failed connections speaks for all", async () => {
    const all = Object.assign(new AggregateError([failed("ECONNREFUSED"), failed("ENETUNREACH")]), { code: undefined });
    expect(await run([all])).toMatchObject({ error: { message: expect.stringContaining("ECONNREFUSED") } });
  });

  test("an error of ours is final and stays as it is", async () => {
    const error = new ImagesyncError({ code: "credentials", operation: "x", message: "m" });
    expect(await run([error, 200])).toMatchObject({ calls: 1, error });
  });
});

describe("an address of storage that has expired", () => {
  test("is replaced by asking the registry again", async () => {
    expect(await run([403, 200], { stale: [403] })).toMatchObject({ status: 200, attempts: 2 });
  });

  test("is replaced twice at most: then the refusal is meant", async () => {
    expect(await run([403], { stale: [403] })).toMatchObject({ status: 403, attempts: 3 });
  });
});

describe("which requests are tried again", () => {
  test.each(["GET", "HEAD", "PUT", "POST"] as const)("%s is", async (method) => {
    expect(await run([failed("ECONNRESET"), 503, 200], { method })).toMatchObject({ status: 200, attempts: 3 });
  });

  test("DELETE is not: somebody else may have put there what is deleted a moment later", async () => {
    expect(await run([503, 200], { method: "DELETE" })).toMatchObject({ status: 503, attempts: 1 });
  });

  test("one to be sent once is not, but the pause is made before the failure is told", async () => {
    const slow = { method: "PUT", once: true, options: { baseDelayMs: 20, maxDelayMs: 20 } } as const;
    const began = performance.now();
    expect(await run([failed("ECONNRESET"), 201], slow)).toMatchObject({ calls: 1, error: { code: "unavailable" } });
    expect(await run([503, 201], slow)).toMatchObject({ calls: 1, status: 503 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(38);
  });

  test("PATCH is not: it appends", async () => {
    expect(await run([503, 200], { method: "PATCH" })).toMatchObject({ status: 503, attempts: 1 });
    expect(await run([failed("ECONNRESET"), 200], { method: "PATCH" })).toMatchObject({
      error: { code: "unavailable", attempts: 1 },
    });
  });

  test("one whose only body was touched is not", async () => {
    const body = new OutgoingBody({ bytes: 1, repeatable: false, open: () => Buffer.from("x") });
    expect(await run([503, 200], { method: "PUT", body })).toMatchObject({ status: 200, attempts: 2 });
    for await (const _ of body.open(() => {}) as AsyncIterable<Uint8Array>) break;
    expect(await run([503, 200], { method: "PUT", body })).toMatchObject({ status: 503, attempts: 1 });
  });
});

describe("how long is waited", () => {
  test("as long as the server asks, and everybody with it", async () => {
    const result = await run([429, 200], { headers: { "retry-after": "0" } });
    expect(result).toMatchObject({ status: 200, pauses: [0] });
    expect(result.events).toEqual([
      { kind: "throttled", registry: "r.example", delayMs: 0 },
      { kind: "retry", operation: "get manifest", attempt: 1, delayMs: 0, reason: "status 429" },
    ]);
  });

  test("not at all, and nobody is told of a pause, when the last try has failed and the server asks for none", async () => {
    const result = await run([429, 429], { options: { attempts: 2 } });
    expect(result).toMatchObject({ status: 429, attempts: 2 });
    expect(result.events.map(({ kind }) => kind)).toEqual(["throttled", "retry"]);
  });

  test("not at all when the server asks for more than the budget", async () => {
    const result = await run([429, 200], { headers: { "retry-after": "21600" } });
    expect(result).toMatchObject({ status: 429, attempts: 1, refusals: [21_600_000], pauses: [] });
  });

  test("the pauses together stay within the budget", async () => {
    expect(
      await run([500], { options: { attempts: 100, baseDelayMs: 10, maxDelayMs: 10, budgetMs: 35 } }),
    ).toMatchObject({ status: 500, calls: 4 });
  });

  test("each own pause lies between the shortest and the longest allowed", async () => {
    const { events } = await run([500], { options: { attempts: 10, baseDelayMs: 2, maxDelayMs: 4 } });
    const delays = events.map((event) => (event.kind === "retry" ? event.delayMs : -1));
    expect(delays).toHaveLength(9);
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(2);
      expect(delay).toBeLessThanOrEqual(4);
    }
  });

  test("a stop ends the pause with its reason", async () => {
    const stop = new AbortController();
    const reason = new Error("stop");
    const running = run([503], {
      headers: { "retry-after": "40" },
      options: { budgetMs: 60_000 },
      signal: stop.signal,
    });
    stop.abort(reason);
    expect(await running).toMatchObject({ error: reason, calls: 1 });
  });
});

test.each([
  ["0", 0],
  ["120", 120_000],
  [" 7 ", 7000],
  ["Thu, 01 Jan 1970 00:01:40 GMT", 40_000],
  ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
  ["Thursday, 01-Jan-70 00:01:40 GMT", 40_000],
  ["9999999999", 365 * 86_400_000],
  ["Sat Sep 13 275760 00:00:00 GMT", 365 * 86_400_000],
  [undefined, undefined],
  ["", undefined],
  ["-1", undefined],
  ["1.5", undefined],
  ["soon", undefined],
  ["99999999999", undefined],
  ["Infinity", undefined],
  ["<script>", undefined],
])("Retry-After %j at 60 s is %j ms", (header, delayMs) => {
  expect(parseRetryAfter(header, 60_000)).toBe(delayMs);
});
