import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatRequestHead } from "../../../engine/http/request-head.ts";
import { WireError } from "../../../engine/http/wire-error.ts";

const get = { method: "GET", target: "/v2/", host: "r.example", headers: {}, bytes: undefined };

/** How many lines it has. */
function linesOf(request: Parameters<typeof formatRequestHead>[0]): number | "refused" {
  try {
    return formatRequestHead(request).split("\r\n").length;
  } catch (error) {
    if (error instanceof WireError) return "refused";
    throw error;
  }
}

describe("the head of a request", () => {
  test("is the request line, the host and the headers", () => {
    expect(formatRequestHead({ ...get, headers: { accept: "a, b", authorization: "Bearer x" } })).toBe(
      "GET /v2/ HTTP/1.1\r\nhost: r.example\r\nconnection: keep-alive\r\naccept: a, b\r\nauthorization: Bearer x\r\n\r\n",
    );
  });

  test("has the host once, from the headers where they name it", () => {
    const text = formatRequestHead({ ...get, target: "http://o.example/v2/", headers: { host: "o.example" } });
    expect(text.match(/^host: .*$/gm)).toEqual(["host: o.example"]);
  });

  test.each([
    ["GET", undefined, []],
    ["HEAD", undefined, []],
    ["DELETE", undefined, []],
    ["POST", undefined, ["content-length: 0"]],
    ["PUT", undefined, ["content-length: 0"]],
    ["PATCH", 5, ["content-length: 5"]],
  ])("says once where %s ends with a body of %s bytes, whatever its headers say", (method, bytes, lengths) => {
    const headers = { "content-length": "7", "transfer-encoding": "chunked", connection: "close" };
    const text = formatRequestHead({ ...get, method, bytes, headers });
    expect(text.match(/^(?:content-length|transfer-encoding|connection: close).*$/gm) ?? []).toEqual(lengths);
  });

  test.each([
    ["a line end in a header", { headers: { authorization: "Bearer a\r\nx: y" } }],
    ["a line feed in a header", { headers: { authorization: "Bearer a\nx: y" } }],
    ["a letter that is no byte", { headers: { authorization: "Bearer \u20ac" } }],
    ["a zero byte", { headers: { accept: "a\u0000" } }],
    ["a colon in the name of a header", { headers: { "a:b": "c" } }],
    ["a header without a name", { headers: { "": "c" } }],
    ["a space in the target", { target: "/v2/ HTTP/1.1" }],
    ["a line end in the target", { target: "/v2/\r\nx: y" }],
    ["a line end in the host of a header", { headers: { host: "a\r\nx: y" } }],
  ])("is not sent with %s, and the error does not tell it", (_, more) => {
    expect(() => formatRequestHead({ ...get, ...more })).toThrow(WireError);
    expect(() => formatRequestHead({ ...get, ...more })).toThrow(/^Characters that cannot be sent/);
    expect(() => formatRequestHead({ ...get, ...more })).not.toThrow(/Bearer|x: y/);
  });

  test("has as many lines as it is meant to, whatever a header holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (value) => {
        const lines = linesOf({ ...get, headers: { accept: value } });
        expect([6, "refused"]).toContain(lines);
      }),
    );
  });
});
