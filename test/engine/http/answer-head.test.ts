import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAnswerHead } from "../../../engine/http/answer-head.ts";
import { WireError } from "../../../engine/http/wire-error.ts";

const read = (text: string): ReturnType<typeof readAnswerHead> => readAnswerHead(Buffer.from(text, "latin1"));

/** What a head is refused with; undefined when it is taken. */
function refusal(text: string): string | undefined {
  try {
    read(text);
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}

describe("the head of an answer", () => {
  test("is its status and its headers, and ends where the body begins", () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nDocker-Content-Digest:sha256:a\r\n\r\n";
    expect(read(`${text}abc`)).toEqual({
      head: {
        status: 200,
        modern: true,
        headers: new Map([
          ["content-length", "3"],
          ["docker-content-digest", "sha256:a"],
        ]),
      },
      end: text.length,
    });
  });

  test.each([
    ["HTTP/1.1 404\r\n\r\n", 404],
    ["HTTP/1.1 404 \r\n\r\n", 404],
    ["HTTP/1.1 200 Tr\u00e8s bien\r\n\r\n", 200],
  ])("needs no reason: %j", (text, status) => {
    expect(read(text)?.head.status).toBe(status);
  });

  test("of HTTP/1.0 says so", () => {
    expect(read("HTTP/1.0 200 OK\r\n\r\n")?.head.modern).toBe(false);
  });

  test("joins headers of one name, in their order and whatever their letters", () => {
    expect(read("HTTP/1.1 200 OK\r\nLink: a\r\nlink: b\r\nLINK: c\r\n\r\n")?.head.headers.get("link")).toBe("a, b, c");
  });

  test("takes spaces and tabs around a value for nothing, and may have empty values", () => {
    const headers = read("HTTP/1.1 200 OK\r\nA: \t x y\t \r\nB:\r\nC: :\r\nD: \u00a0\r\nE: \t\r\n\r\n")?.head.headers;
    expect([...(headers ?? [])]).toEqual([
      ["a", "x y"],
      ["b", ""],
      ["c", ":"],
      ["d", "\u00a0"],
      ["e", ""],
    ]);
  });

  test.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n"],
    ["a TLS alert", "\u0015\u0003\u0001\u0000\u0002\u0002\u0016"],
    ["HTTP/2", "HTTP/2 200 OK\r\n\r\n"],
    ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
    ["HTTP in small letters", "http/1.1 200 OK\r\n\r\n"],
    ["an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a status that begins with zero", "HTTP/1.1 099 OK\r\n\r\n"],
    ["two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n"],
    ["line ends of one character", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"],
    ["one line end of one character", "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n"],
    ["a carriage return alone", "HTTP/1.1 200 OK\r\nA: b\rContent-Length: 0\r\n\r\n"],
    ["a zero byte", "HTTP/1.1 200 OK\r\nA: b\u0000\r\n\r\n"],
    ["a header that goes on in the next line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"],
    ["a header without a colon", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n"],
    ["a header without a name", "HTTP/1.1 200 OK\r\n: 5\r\n\r\n"],
    ["a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n"],
  ])("is none with %s", (_, text) => {
    expect(refusal(text)).toBe("IMAGESYNC_NOT_HTTP");
  });

  test.each([
    ["one header", `HTTP/1.1 200 OK\r\nA: ${"a".repeat(20_000)}\r\n\r\n`],
    ["many headers", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(4000)}\r\n`],
    ["a beginning without an end", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(4000)}`],
  ])("is too long with %s", (_, text) => {
    expect(refusal(text)).toBe("IMAGESYNC_HEADERS_TOO_LARGE");
  });

  test("that has not arrived completely is waited for, wherever it is cut", () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Long: a b c\r\n\r\n";
    for (let cut = 0; cut < text.length; cut += 1) expect(read(text.slice(0, cut))).toBeUndefined();
    expect(read(text)?.end).toBe(text.length);
  });

  test("is read, waited for or refused, whatever arrives", () => {
    const piece = fc.oneof(
      fc.constantFrom("HTTP/1.1 200 OK", "\r\n", "\r\n\r\n", "\r", "\n", ":", " ", "a", "Content-Length: 1"),
      fc.string({ unit: "binary", maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(["IMAGESYNC_NOT_HTTP", undefined]).toContain(refusal(pieces.join("")));
      }),
    );
  });
});
