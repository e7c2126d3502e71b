import { describe, expect, onTestFinished, test } from "vitest";
import type { EngineOptions, ErrorCode } from "../../engine/index.ts";
import type { Intercept } from "../../embedded-registry/index.ts";
import { type ScriptedServer, startServer } from "../engine/http/scripted-server.ts";
import {
  child,
  type Fault,
  fault,
  image,
  large,
  outcomeOf,
  play,
  type Setting,
  type Stage,
  type When,
} from "./stage.ts";

/** One thing that goes wrong, and what must come of it; what holds in every case is checked by the stage. */
interface Case {
  readonly name: string;
  /** `done`, or the code of the error. */
  readonly outcome: ErrorCode | "done";
  readonly setting: Setting | (() => Promise<Setting> | Setting);
  /** What else must hold. */
  readonly check?: (stage: Stage) => void;
}

const largeGet: When = ({ kind, method, reference }) => kind === "blob" && method === "GET" && reference === large;
const anyGet: When = ({ kind, method }) => kind === "blob" && method === "GET";
const blobHead: When = ({ kind, method }) => kind === "blob" && method === "HEAD";
const manifestGet: When = ({ kind, method }) => kind === "manifest" && method === "GET";
const manifestPut: When = ({ kind, method }) => kind === "manifest" && method === "PUT";
const tagPut: When = (request) => manifestPut(request) && request.reference === "1";
const tagGet: When = (request) => manifestGet(request) && request.reference === "1";
const uploadPut: When = ({ kind, method }) => kind === "upload" && method === "PUT";
const largePut: When = (request) => uploadPut(request) && request.path.includes(encodeURIComponent(large));
const uploadPost: When = ({ kind, method }) => kind === "upload" && method === "POST";
const mount: When = (request) => uploadPost(request) && request.path.includes("mount=");
const token: When = ({ kind }) => kind === "token";
const notToken: When = ({ kind }) => kind !== "token";
const resumed: When = (request) => largeGet(request) && request.headers.range !== undefined;

const never = new Promise<never>(() => undefined);
const impatient = (timeouts: EngineOptions["timeouts"]): EngineOptions => ({ timeouts });
const status = (code: number, headers: Record<string, string> = {}, body = ""): Fault => ({
  respond: { status: code, headers, body },
});
const error = (code: number, registryCode: string, message = "no"): Fault =>
  status(code, {}, JSON.stringify({ errors: [{ code: registryCode, message }] }));
const unknownBlob = error(400, "MANIFEST_BLOB_UNKNOWN");

const source = (intercept: Intercept, engine?: EngineOptions): Setting => ({ source: intercept, engine });
const destination = (intercept: Intercept, engine?: EngineOptions): Setting => ({ destination: intercept, engine });

const gets = (stage: Stage, digest: string): number =>
  stage.source.requests.filter(({ method, path }) => method === "GET" && path.endsWith(digest)).length;
const puts = (stage: Stage, digest: string): number =>
  stage.destination.requests.filter(({ method, path }) => method === "PUT" && path.includes(encodeURIComponent(digest)))
    .length;
const sentBytes = (stage: Stage): number =>
  stage.source.requests.filter(({ kind }) => kind === "blob").reduce((sum, { bytesOut }) => sum + bytesOut, 0);
const payload = 1_310_000;

function expectRetry(stage: Stage): void {
  expect(stage.events.some(({ kind }) => kind === "retry")).toBe(true);
}

function expectNothingPut(stage: Stage): void {
  expect(stage.destination.counts()["PUT manifest"]).toBeUndefined();
}

/** No session was sent to twice. */
function expectFreshSessions(stage: Stage): void {
  const sessions = stage.destination.requests.filter(({ kind, method }) => kind === "upload" && method === "PUT");
  const paths = sessions.map(({ path }) => path.split("?")[0]);
  expect(new Set(paths).size).toBe(paths.length);
}

const cutDownloads: readonly Case[] = [
  {
    name: "a download that is cut goes on where it was",
    outcome: "done",
    setting: source(fault(largeGet, { cutAfterBytes: 400_000 }, 3)),
    check: (stage) => {
      expect(gets(stage, large)).toBe(4);
      expect(sentBytes(stage)).toBeLessThan(payload * 1.05);
    },
  },
  {
    name: "a download of unannounced length that is cut goes on where it was",
    outcome: "done",
    setting: source(
      fault(
        largeGet,
        { cutAfterBytes: 400_000, headers: { "Content-Length": undefined, "Transfer-Encoding": "chunked" } },
        1,
      ),
    ),
    check: (stage) => expect(sentBytes(stage)).toBeLessThan(payload * 1.05),
  },
  {
    name: "a download that is cut where ranges are ignored is read over",
    outcome: "done",
    setting: source((request) => {
      if (!largeGet(request)) return undefined;
      const whole = resumed(request);
      delete request.headers.range;
      return whole ? undefined : { cutAfterBytes: 400_000 };
    }),
    check: (stage) => expect(puts(stage, large)).toBe(1),
  },
  {
    name: "a download that is cut and then goes on with another part is begun anew",
    outcome: "done",
    setting: source((request) => {
      if (!largeGet(request)) return undefined;
      if (resumed(request)) return { headers: { "Content-Range": "bytes 0-9/10" } };
      return firstCut(request);
    }),
  },
  {
    name: "a download that breaks off before its first byte, every time",
    outcome: "unavailable",
    setting: source(fault(largeGet, { cutAfterBytes: 0 })),
    check: (stage) => expect(gets(stage, large)).toBeLessThanOrEqual(15),
  },
  {
    name: "a small blob that is cut goes on where it was",
    outcome: "done",
    setting: source(fault(anyGet, { cutAfterBytes: 50 }, 3)),
  },
  {
    name: "a download that stops in the middle without an end goes on over another connection",
    outcome: "done",
    setting: source(fault(largeGet, { stallAfterBytes: 400_000 }, 1), impatient({ idleMs: 100 })),
    check: (stage) => expect(sentBytes(stage)).toBeLessThan(payload * 1.05),
  },
  {
    name: "a download that stops in the middle every time",
    outcome: "timeout",
    setting: source(fault(largeGet, { stallAfterBytes: 0 }), {
      timeouts: { idleMs: 30 },
      retry: { attempts: 2, baseDelayMs: 1 },
    }),
  },
];

const firstCut = fault(largeGet, { cutAfterBytes: 400_000 }, 1);

const wrongContent: readonly Case[] = [
  {
    name: "a blob with a wrong byte is fetched once more, and then given up",
    outcome: "digest-mismatch",
    setting: source(fault(largeGet, { corruptByte: 700_000 })),
    check: (stage) => expect(gets(stage, large)).toBe(2),
  },
  {
    name: "a blob with a wrong byte, once",
    outcome: "done",
    setting: source(fault(largeGet, { corruptByte: 700_000 }, 1)),
    check: (stage) => expect(gets(stage, large)).toBe(2),
  },
  {
    name: "a small blob with a wrong byte, once",
    outcome: "done",
    setting: source(fault(anyGet, { corruptByte: 7 }, 1)),
  },
  {
    name: "a blob that announces more than the manifest says",
    outcome: "size-mismatch",
    setting: source(fault(largeGet, status(200, {}, "x".repeat(1_300_001)))),
  },
  {
    name: "a blob that announces less than the manifest says",
    outcome: "size-mismatch",
    setting: source(fault(largeGet, status(200, {}, "x".repeat(100)))),
  },
  {
    name: "a blob that does not end where it should",
    outcome: "size-mismatch",
    setting: source(
      fault(largeGet, {
        ...status(200, {}, "x".repeat(5_000_000)),
        headers: { "Content-Length": undefined, "Transfer-Encoding": "chunked" },
      }),
    ),
  },
  {
    name: "a page in place of a blob",
    outcome: "size-mismatch",
    setting: source(fault(largeGet, status(200, { "Content-Type": "text/html" }, "<html>Sign in</html>"))),
  },
  {
    name: "a manifest with a wrong byte",
    outcome: "digest-mismatch",
    setting: source(fault(manifestGet, { corruptByte: 3 })),
  },
  {
    name: "a manifest without end",
    outcome: "limit",
    setting: source(fault(manifestGet, status(200, {}, " ".repeat(9_000_000)))),
  },
  {
    name: "an image of an index that is missing",
    outcome: "not-found",
    setting: source(fault((request) => request.reference === child, status(404))),
  },
  { name: "a blob that is missing", outcome: "not-found", setting: source(fault(largeGet, status(404))) },
];

const overload: readonly Case[] = [
  ...[408, 425, 500, 502, 503, 504, 522].map((code): Case => ({
    name: `a burst of answers ${code} from the source`,
    outcome: "done",
    setting: source(fault(notToken, status(code), 3)),
    check: expectRetry,
  })),
  ...[429, 500, 503].map((code): Case => ({
    name: `a burst of answers ${code} from the destination`,
    outcome: "done",
    setting: destination(fault(notToken, status(code), 4)),
  })),
  {
    name: "answers 500 from the source without end",
    outcome: "unavailable",
    setting: source(fault(largeGet, error(500, "UNKNOWN", "the disk is on fire"))),
    check: ({ error }) => {
      expect(error).toMatchObject({ side: "source", status: 500, registryCode: "UNKNOWN", attempts: 5 });
      expect(error?.message).toContain("the disk is on fire");
    },
  },
  {
    name: "a page of a proxy in place of an error",
    outcome: "unavailable",
    setting: source(
      fault(manifestGet, status(502, { "Content-Type": "text/html" }, `<h1>${"Bad".repeat(100_000)}</h1>`)),
    ),
    check: ({ error }) => expect(error?.message.length).toBeLessThan(300),
  },
  {
    name: "a pause that the source asks for in seconds",
    outcome: "done",
    setting: source(fault(notToken, status(429, { "Retry-After": "0" }), 3)),
    check: ({ events }) => expect(events.some(({ kind }) => kind === "throttled")).toBe(true),
  },
  {
    name: "a pause that the source asks for with a date",
    outcome: "done",
    setting: source(fault(notToken, status(503, { "Retry-After": "Thu, 01 Jan 2015 00:00:00 GMT" }), 3)),
  },
  {
    name: "a limit that lasts for hours",
    outcome: "rate-limited",
    setting: source(
      fault(manifestGet, {
        respond: {
          status: 429,
          headers: { "Retry-After": "21600", "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600" },
          body: JSON.stringify({
            errors: [{ code: "TOOMANYREQUESTS", message: "You have reached your pull rate limit" }],
          }),
        },
      }),
    ),
    check: (stage) => {
      expect(stage.error?.hint).toMatch(/0 of 100 requests are left, and it may be asked again at \d{4}-/);
      expect(stage.source.counts()["GET manifest"]).toBe(1);
    },
  },
  {
    name: "a token server that asks for a pause",
    outcome: "done",
    setting: source(fault(token, status(429, { "Retry-After": "0" }), 2)),
  },
  {
    name: "uploads that are refused for a while",
    outcome: "done",
    setting: destination(fault(uploadPut, status(429, { "Retry-After": "0" }), 3)),
    check: expectFreshSessions,
  },
];

const silence: readonly Case[] = [
  {
    name: "an answer that never begins, once",
    outcome: "done",
    setting: source(fault(largeGet, { until: never }, 1), impatient({ headersMs: 100 })),
  },
  {
    name: "an answer that never begins, every time",
    outcome: "timeout",
    setting: source(fault(manifestGet, { until: never }), {
      timeouts: { headersMs: 30 },
      retry: { attempts: 2, baseDelayMs: 1 },
    }),
  },
  {
    name: "an upload that is not answered, once",
    outcome: "done",
    setting: destination(fault(largePut, { until: never }, 1), impatient({ uploadHeadersMs: 100 })),
    check: expectFreshSessions,
  },
  {
    name: "an upload that is not answered, every time",
    outcome: "timeout",
    setting: destination(fault(uploadPut, { until: never }), {
      timeouts: { uploadHeadersMs: 30 },
      retry: { attempts: 2, baseDelayMs: 1 },
    }),
  },
];

const logins: readonly Case[] = [
  {
    name: "a token that the source does not accept any more, in the middle",
    outcome: "done",
    setting: source(fault(anyGet, (_, request) => challengeOf(request), 1)),
  },
  {
    name: "a token that the destination does not accept any more, in the middle of uploads",
    outcome: "done",
    setting: destination(fault(uploadPut, (_, request) => challengeOf(request), 2)),
  },
  {
    name: "tokens that are never accepted",
    outcome: "unauthorized",
    setting: source(fault(manifestGet, (_, request) => challengeOf(request))),
    check: (stage) => expect(stage.source.counts()["GET manifest"]).toBeLessThanOrEqual(2),
  },
  {
    name: "a 401 that does not say what it wants",
    outcome: "unauthorized",
    setting: source(fault(notToken, status(401))),
  },
  ...[
    ["whose quote is not closed", 'Bearer service="x",realm="http://127.0.0.1/token'],
    ["without a realm", 'Bearer service="x"'],
    ["of forty thousand characters", `Bearer realm="${"a".repeat(10_000)}",x="${"b".repeat(25_000)}"`],
    ["that is noise", "=====,,,;;;"],
  ].map(([what, challenge]): Case => ({
    name: `a challenge ${what}`,
    outcome: "protocol",
    setting: source(fault(notToken, status(401, { "WWW-Authenticate": challenge ?? "" })), {
      retry: { attempts: 2, baseDelayMs: 1 },
    }),
  })),
  {
    name: "a challenge with a realm that is relative",
    outcome: "done",
    setting: source(
      fault(notToken, (_, { headers }) => (headers.authorization ? undefined : bare('Bearer realm="/token"'))),
    ),
  },
  {
    name: "a challenge with a realm that is a file",
    outcome: "redirect-refused",
    setting: source(fault(notToken, bare('Bearer realm="file:///etc/passwd"'))),
  },
  {
    name: "a login that the token server refuses",
    outcome: "unauthorized",
    setting: source(fault(token, error(403, "DENIED"))),
    check: (stage) => expect(stage.source.counts()["GET token"]).toBe(1),
  },
  {
    name: "a token server that fails without end",
    outcome: "unavailable",
    setting: source(fault(token, status(500)), { retry: { attempts: 3, baseDelayMs: 1, maxDelayMs: 2 } }),
  },
  {
    name: "a token server that answers with a page",
    outcome: "protocol",
    setting: source(fault(token, status(200, {}, "<html>canary</html>"))),
  },
  {
    name: "a token server that repeats the login in its refusal",
    outcome: "unauthorized",
    setting: source(
      fault(token, (_, { headers }) => error(401, "UNAUTHORIZED", `no such login: ${headers.authorization ?? ""}`)),
    ),
  },
];

const elsewhere: readonly Case[] = [
  {
    name: "a redirect to storage takes no login along",
    outcome: "done",
    setting: async () => {
      const storage = await storageOf((request) => (request.headers.authorization === undefined ? 200 : 400));
      return source(
        fault(largeGet, { respond: { status: 307, headers: { Location: `${storage.url}/b?sig=canary-Jx2` } } }),
      );
    },
  },
  {
    name: "storage whose address has expired is asked by a new one",
    outcome: "done",
    setting: async () => {
      const storage = await storageOf((request) => (request.url.includes("nth=1&") ? 403 : 200));
      return source(
        fault(largeGet, (nth) => ({
          respond: { status: 307, headers: { Location: `${storage.url}/b?nth=${nth}&sig=canary-Jx2` } },
        })),
      );
    },
  },
  {
    name: "storage that refuses every address",
    outcome: "denied",
    setting: async () => {
      const storage = await storageOf(() => 403);
      return source(
        fault(largeGet, { respond: { status: 307, headers: { Location: `${storage.url}/b?sig=canary-Jx2` } } }),
      );
    },
  },
  {
    name: "redirects in a circle",
    outcome: "redirect-refused",
    setting: source(fault(largeGet, (_, { path }) => status(307, { Location: path }))),
  },
  {
    name: "redirects without end",
    outcome: "redirect-refused",
    setting: source((request) =>
      request.path.includes(large) && request.method === "GET"
        ? status(307, { Location: `${request.path.split("?")[0]}?canary=${Math.random()}` })
        : undefined,
    ),
  },
  {
    name: "a redirect to a file",
    outcome: "redirect-refused",
    setting: source(fault(largeGet, status(302, { Location: "file:///etc/passwd" }))),
  },
  {
    name: "a redirect to nowhere",
    outcome: "protocol",
    setting: source(fault(largeGet, status(307, { Location: "http://[?sig=canary" }))),
  },
  {
    name: "a 303 in answer to the start of an upload",
    outcome: "redirect-refused",
    setting: destination(fault(uploadPost, status(303, { Location: "/v2/" }))),
  },
];

const uploads: readonly Case[] = [
  {
    name: "an upload that is cut is begun in a new session",
    outcome: "done",
    setting: destination(fault(largePut, { cutAfterReceivedBytes: 300_000 }, 2)),
    check: (stage) => {
      expect(puts(stage, large)).toBe(3);
      expectFreshSessions(stage);
    },
  },
  {
    name: "an upload that is cut every time",
    outcome: "unavailable",
    setting: destination(fault(largePut, { cutAfterReceivedBytes: 300_000 })),
    check: (stage) => {
      expect(stage.error).toMatchObject({ side: "destination" });
      expect(puts(stage, large)).toBeLessThanOrEqual(12);
      expectFreshSessions(stage);
    },
  },
  {
    name: "an upload that is complete, and whose answer is lost, is not sent again",
    outcome: "done",
    setting: destination(fault(uploadPut, { loseAnswer: true }, 2)),
    check: (stage) =>
      expect(
        stage.destination.requests.filter(({ kind, method }) => kind === "upload" && method === "PUT"),
      ).toHaveLength(image.children.reduce((sum, { blobs }) => sum + blobs.length, 0)),
  },
  ...[
    [404, "BLOB_UPLOAD_UNKNOWN"],
    [400, "BLOB_UPLOAD_INVALID"],
    [416, "BLOB_UPLOAD_INVALID"],
    [410, "GONE"],
  ].map(([code, name]): Case => ({
    name: `an upload that the destination has lost, by ${code} ${name}`,
    outcome: "done",
    setting: destination(fault(uploadPut, error(Number(code), String(name)), 2)),
    check: expectFreshSessions,
  })),
  {
    name: "an upload that arrived damaged, by the word of the destination, is sent once more",
    outcome: "done",
    setting: destination(fault(largePut, error(400, "DIGEST_INVALID"), 1)),
    check: (stage) => expect(puts(stage, large)).toBe(2),
  },
  {
    name: "an upload that arrives damaged every time",
    outcome: "digest-mismatch",
    setting: destination(fault(largePut, error(400, "DIGEST_INVALID"))),
    check: (stage) => expect(puts(stage, large)).toBe(2),
  },
  {
    name: "an upload that is stored as something else",
    outcome: "digest-mismatch",
    setting: destination(fault(largePut, { headers: { "Docker-Content-Digest": `sha256:${"0".repeat(64)}` } })),
  },
  {
    name: "an upload that is too large",
    outcome: "limit",
    setting: destination(fault(largePut, error(413, "SIZE_INVALID"))),
  },
  {
    name: "an upload that is not allowed",
    outcome: "denied",
    setting: destination(fault(largePut, error(403, "DENIED"))),
  },
  {
    name: "an upload beyond the quota",
    outcome: "quota",
    setting: destination(fault(largePut, error(403, "DENIED", "quota exceeded"))),
  },
  {
    name: "a session without an address",
    outcome: "protocol",
    setting: destination(fault(uploadPost, { headers: { Location: undefined } })),
  },
  {
    name: "a session with an address that is none",
    outcome: "protocol",
    setting: destination(fault(uploadPost, { headers: { Location: "http://[canary" } })),
  },
  {
    name: "a session at a file",
    outcome: "redirect-refused",
    setting: destination(fault(uploadPost, { headers: { Location: "file:///tmp/canary" } })),
  },
];

const existence: readonly Case[] = [
  {
    name: "a destination that answers HEAD of a blob with 405 is asked by GET",
    outcome: "done",
    setting: destination(fault(blobHead, status(405))),
  },
  {
    name: "a destination that says of every blob that it has it",
    outcome: "done",
    setting: destination(fault(blobHead, status(200))),
  },
  {
    name: "a destination that says of every mount that it is done",
    outcome: "done",
    setting: destination(fault(mount, status(201), 20)),
  },
  {
    name: "a destination that misses a blob at the manifest, once",
    outcome: "done",
    setting: destination(fault(manifestPut, unknownBlob, 1)),
  },
  {
    name: "a destination that misses a blob at the manifest, whatever is sent",
    outcome: "manifest-invalid",
    setting: destination(fault(manifestPut, unknownBlob)),
    check: (stage) => expect(stage.destination.counts()["PUT manifest"]).toBeLessThanOrEqual(6),
  },
  ...[400, 403, 404, 405, 501].map((code): Case => ({
    name: `a registry that refuses mounts with ${code} gets copies`,
    outcome: "done",
    setting: { same: true, destination: fault(mount, status(code)) },
  })),
  {
    name: "a registry that refuses mounts altogether is asked few times",
    outcome: "done",
    setting: { same: true, destination: fault(mount, status(405)) },
    check: (stage) => {
      const mounts = stage.destination.requests.filter(({ path }) => path.includes("mount="));
      // As many as were under way when the first answer came.
      expect(mounts.length).toBeLessThanOrEqual(5);
    },
  },
];

const manifests: readonly Case[] = [
  {
    name: "a manifest that cannot be stored, once",
    outcome: "done",
    setting: destination(fault(tagPut, status(500), 1)),
  },
  {
    name: "a manifest that cannot be stored, ever",
    outcome: "unavailable",
    setting: destination(fault(tagPut, status(500)), { retry: { attempts: 2, baseDelayMs: 1 } }),
  },
  {
    name: "a manifest that is stored, and whose answer is lost",
    outcome: "done",
    setting: destination(fault(tagPut, { loseAnswer: true }, 1)),
  },
  {
    name: "a manifest that shows only a moment after it was stored",
    outcome: "done",
    setting: destination(fault(tagGet, status(404), 2)),
  },
  {
    name: "a manifest that is taken and never shows",
    outcome: "unavailable",
    setting: destination(fault(tagGet, error(404, "MANIFEST_UNKNOWN"))),
    check: ({ error }) => expect(error?.message).toContain("has taken the manifest and does not have it"),
  },
  {
    name: "a manifest that the destination does not understand",
    outcome: "manifest-invalid",
    setting: destination(fault(tagPut, error(400, "MANIFEST_INVALID"))),
  },
  {
    name: "a tag that must not be overwritten",
    outcome: "immutable",
    setting: destination(fault(tagPut, error(409, "TAG_IMMUTABLE"))),
  },
  {
    name: "a destination that is read-only",
    outcome: "unsupported",
    setting: destination(fault(uploadPost, error(405, "UNSUPPORTED", "read-only"))),
  },
  { name: "a full disk", outcome: "quota", setting: destination(fault(manifestPut, status(507))) },
  {
    name: "a destination that repeats the token in its refusal",
    outcome: "denied",
    setting: destination(
      fault(tagPut, (_, { headers }) => error(403, "DENIED", `not with ${headers.authorization ?? "nothing"}`)),
    ),
  },
  ...[401, 403, 429, 500].map((code): Case => ({
    name: `a destination that answers ${code} to the question for the tag is not taken for empty`,
    outcome: code === 401 ? "unauthorized" : code === 403 ? "denied" : code === 429 ? "rate-limited" : "unavailable",
    setting: destination(
      fault(({ kind, reference }) => kind === "manifest" && reference === "1", status(code)),
      { retry: { attempts: 2, baseDelayMs: 1 } },
    ),
    check: expectNothingPut,
  })),
];

describe.each([
  ["interrupted downloads", cutDownloads],
  ["wrong content", wrongContent],
  ["overload", overload],
  ["silence", silence],
  ["logins and tokens", logins],
  ["other places", elsewhere],
  ["uploads", uploads],
  ["what is said to be there", existence],
  ["manifests", manifests],
])("%s", (_, cases) => {
  test.each(cases)("$name: $outcome", async ({ outcome, setting, check }) => {
    const stage = await play(typeof setting === "function" ? await setting() : setting);
    expect({ outcome: outcomeOf(stage), why: stage.error?.message }).toMatchObject({ outcome });
    check?.(stage);
  });
});

function bare(challenge: string): Fault {
  return status(401, { "WWW-Authenticate": challenge });
}

/** What a registry answers to a token that has expired. */
function challengeOf({ headers }: Parameters<Intercept>[0]): Fault {
  return bare(`Bearer realm="http://${headers.host ?? ""}/token",service="test",error="invalid_token"`);
}

/** Storage behind a registry that has the large layer, and answers with the status that is chosen. */
async function storageOf(choose: (request: ScriptedServer["requests"][number]) => number): Promise<ScriptedServer> {
  const content = Buffer.concat([...(image.children[0]?.blobs.find(({ digest }) => digest === large)?.open() ?? [])]);
  const storage = await startServer((request, response) => {
    const code = choose(request);
    response.writeHead(code).end(code === 200 ? content : "<Error>Request has expired canary</Error>");
  });
  onTestFinished(() => storage[Symbol.asyncDispose]());
  return storage;
}
