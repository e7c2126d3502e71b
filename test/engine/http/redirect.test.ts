import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { OutgoingBody } from "../../../engine/http/outgoing-body.ts";
import { followRedirects, type LocationPolicy, resolveLocation } from "../../../engine/http/redirect.ts";
import type { Exchange, WireRequest } from "../../../engine/http/wire.ts";

const strict: LocationPolicy = {
  operation: "get blob",
  registry: "r.example",
  verb: "redirects",
  privateAllowed: () => false,
};
const local: LocationPolicy = { ...strict, privateAllowed: () => true };
const base = new URL("https://r.example/v2/app/blobs/uploads/1?_state=x");

describe("a location", () => {
  test.each([
    ["/v2/app/blobs/uploads/2?_state=a%2Fb%3D&c", "https://r.example/v2/app/blobs/uploads/2?_state=a%2Fb%3D&c"],
    ["2", "https://r.example/v2/app/blobs/uploads/2"],
    ["?_state=y", "https://r.example/v2/app/blobs/uploads/1?_state=y"],
    ["//cdn.example/x", "https://cdn.example/x"],
    ["https://cdn.example:8443/x?Signature=%2B+&a=b", "https://cdn.example:8443/x?Signature=%2B+&a=b"],
    ["https://user:secret@cdn.example/x#part", "https://cdn.example/x"],
  ])("%s is resolved, its query untouched", (location, href) => {
    expect(resolveLocation(base, location, strict).href).toBe(href);
  });

  test.each([
    ["http://cdn.example/x", "redirect-refused", "not encrypted"],
    ["http://r.example/v2/", "redirect-refused", "not encrypted"],
    ["file:///etc/passwd", "redirect-refused", "file:"],
    ["gopher://cdn.example/", "redirect-refused", "gopher:"],
    ["data:text/plain,x", "redirect-refused", "data:"],
    ["javascript:alert(1)", "redirect-refused", "javascript:"],
    ["https://127.0.0.1/x", "redirect-refused", "private address"],
    ["https://0x7f.1/x", "redirect-refused", "private address"],
    ["https://169.254.169.254/latest/meta-data", "redirect-refused", "private address"],
    ["https://[::1]:5000/", "redirect-refused", "private address"],
    ["https://[::ffff:10.0.0.1]/", "redirect-refused", "private address"],
    ["https://localhost/", "redirect-refused", "private address"],
    ["https://", "protocol", "no URL"],
    ["https://[::1", "protocol", "no URL"],
    ["https://a b/?secret-Canary", "protocol", "no URL"],
  ])("%s is refused", (location, code, message) => {
    const resolve = (): URL => resolveLocation(base, location, strict);
    expect(resolve).toThrow(
      expect.objectContaining({ code, registry: "r.example", message: expect.stringContaining(message) }),
    );
    expect(resolve).not.toThrow(/Canary/);
  });

  test("may be private when the registry is, and plain when the registry is", () => {
    expect(resolveLocation(new URL("http://10.0.0.1:5000/v2/"), "http://10.0.0.2/x", local).href).toBe(
      "http://10.0.0.2/x",
    );
    expect(() => resolveLocation(base, "http://10.0.0.2/x", local)).toThrow("not encrypted");
  });
});

interface Hop {
  readonly status: number;
  readonly location?: string;
}

/** Follows a script of answers by URL, and remembers what was asked with which headers. */
async function follow(hops: Record<string, Hop>, more: Partial<WireRequest> = {}, policy = strict) {
  const asked: { url: string; method: string; headers: string[] }[] = [];
  const exchange: Exchange = async (request) => {
    asked.push({ url: request.url.href, method: request.method, headers: Object.keys(request.headers).sort() });
    const { status, location } = hops[request.url.href] ?? { status: 200 };
    const headers = new Map(location === undefined ? [] : [["location", location]]);
    return { status, headers, url: request.url, body: Readable.from([]), streamed: false };
  };
  const request: WireRequest = {
    operation: "get blob",
    registry: "r.example",
    method: "GET",
    url: new URL("https://r.example/a"),
    headers: { accept: "*/*", authorization: "Bearer x", cookie: "c", "x-key": "k" },
    personalHeaders: new Set(["x-key"]),
    streamed: true,
    headersMs: 1000,
    queued: true,
    maxAnswerBytes: 10,
    signal: new AbortController().signal,
    ...more,
  };
  const response = await followRedirects(request, policy, exchange);
  return { asked, response };
}

describe("redirects", () => {
  test("to the same origin keep the login, to any other they lose it and never get it back", async () => {
    const { asked } = await follow({
      "https://r.example/a": { status: 307, location: "/b" },
      "https://r.example/b": { status: 302, location: "https://cdn.example/c?sig=1" },
      "https://cdn.example/c?sig=1": { status: 308, location: "https://r.example/d" },
    });
    const personal = ["accept", "authorization", "cookie", "x-key"];
    expect(asked.map((request) => request.headers)).toEqual([personal, personal, ["accept"], ["accept"]]);
  });

  test.each(["https://r.example:8443/b", "https://sub.r.example/b"])("to %s lose the login", async (location) => {
    const { asked } = await follow({ "https://r.example/a": { status: 307, location } });
    expect(asked[1]?.headers).toEqual(["accept"]);
  });

  test("of HEAD stay HEAD", async () => {
    const { asked } = await follow({ "https://r.example/a": { status: 303, location: "/b" } }, { method: "HEAD" });
    expect(asked.map((request) => request.method)).toEqual(["HEAD", "HEAD"]);
  });

  test("in a circle are refused", async () => {
    const circle = {
      "https://r.example/a": { status: 302, location: "/b" },
      "https://r.example/b": { status: 302, location: "/a#x" },
    };
    await expect(follow(circle)).rejects.toMatchObject({
      code: "redirect-refused",
      message: expect.stringContaining("circle"),
    });
    await expect(follow({ "https://r.example/a": { status: 302, location: "/a" } })).rejects.toThrow("circle");
  });

  test("are followed ten times, not eleven", async () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, index) => [
          `https://r.example/${index === 0 ? "a" : index}`,
          { status: 307, location: `/${index + 1}` },
        ]),
      );
    expect((await follow(chain(10))).response.url.href).toBe("https://r.example/10");
    await expect(follow(chain(11))).rejects.toMatchObject({ code: "redirect-refused" });
  });

  test("without a location are answers like any other", async () => {
    expect((await follow({ "https://r.example/a": { status: 304 } })).response.status).toBe(304);
    expect((await follow({ "https://r.example/a": { status: 301 } })).response.status).toBe(301);
  });

  test("of uploads are followed only if the method stays and the body is still there", async () => {
    const moved = (status: number) => ({ "https://r.example/a": { status, location: "/b" } });
    const body = (): OutgoingBody => new OutgoingBody({ bytes: 1, repeatable: false, open: () => Buffer.from("x") });
    expect((await follow(moved(307), { method: "PUT", body: body() })).asked).toHaveLength(2);
    await expect(follow(moved(303), { method: "POST" })).rejects.toThrow("redirects of a POST with status 303");
    await expect(follow(moved(301), { method: "PUT", body: body() })).rejects.toMatchObject({
      code: "redirect-refused",
    });
    const taken = body();
    for await (const _ of taken.open(() => {}) as AsyncIterable<Uint8Array>) break;
    await expect(follow(moved(307), { method: "PUT", body: taken })).rejects.toMatchObject({
      code: "redirect-refused",
    });
  });
});
