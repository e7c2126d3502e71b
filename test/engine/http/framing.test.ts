import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { framingOf } from "../../../engine/http/framing.ts";
import { WireError } from "../../../engine/http/wire-error.ts";

type Headers = Record<string, string>;

function framing(headers: Headers, { method = "GET", status = 200, modern = true } = {}): ReturnType<typeof framingOf> {
  return framingOf(method, { status, modern, headers: new Map(Object.entries(headers)) });
}

/** What a body that arrives in these pieces holds, and how much of the last piece is not its own. */
function readAll(headers: Headers, pieces: readonly string[]): { content: string; left: number | undefined } {
  const reader = framing(headers);
  if (reader === undefined) throw new Error("It has no body");
  let content = "";
  for (const [at, text] of pieces.entries()) {
    const end = reader.read(Buffer.from(text, "latin1"), (bytes) => (content += bytes.toString("latin1")));
    if (end === undefined) continue;
    expect(at).toBe(pieces.length - 1);
    return { content, left: text.length - end };
  }
  return { content, left: undefined };
}

function failure(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}

const chunked = { "transfer-encoding": "chunked" };
const cutInto = (text: string, cuts: readonly number[]): string[] => {
  const places = [...new Set(cuts.map((cut) => cut % text.length))].sort((a, b) => a - b);
  return [...places, text.length].map((end, at) => text.slice(at === 0 ? 0 : places[at - 1], end)).filter(Boolean);
};

describe("an answer has no body", () => {
  test.each([
    ["to HEAD, whatever it says", { "content-length": "5" }, { method: "HEAD" }],
    ["to HEAD, in chunks", chunked, { method: "HEAD" }],
    ["with 204", { "content-length": "5" }, { status: 204 }],
    ["with 304", {}, { status: 304 }],
    ["of no length", { "content-length": "0" }, {}],
  ])("%s", (_, headers, more) => {
    expect(framing(headers as Headers, more)).toBeUndefined();
  });
});

test.each([
  ["a length and chunks", { "content-length": "5", ...chunked }],
  ["two lengths", { "content-length": "5, 6" }],
  ["one length twice", { "content-length": "5, 5" }],
  ["a negative length", { "content-length": "-1" }],
  ["a length with a sign", { "content-length": "+5" }],
  ["a length in hexadecimal", { "content-length": "0x5" }],
  ["a length with a fraction", { "content-length": "5.0" }],
  ["a length beyond all numbers", { "content-length": "9".repeat(30) }],
  ["no length in its header", { "content-length": "" }],
  ["a compression that nobody asked for", { "transfer-encoding": "gzip, chunked" }],
  ["an encoding that is unknown", { "transfer-encoding": "identity" }],
  ["chunks twice", { "transfer-encoding": "chunked, chunked" }],
])("where an answer ends is not guessed from %s", (_, headers) => {
  expect(failure(() => framing(headers))).toBe("IMAGESYNC_AMBIGUOUS_LENGTH");
});

test("chunks are nothing that a server of HTTP/1.0 knows", () => {
  expect(failure(() => framing(chunked, { modern: false }))).toBe("IMAGESYNC_AMBIGUOUS_LENGTH");
});

test("a body of known length ends there, and what follows is not its own", () => {
  expect(readAll({ "content-length": "5" }, ["ab", "cdeHTTP/1.1"])).toEqual({ content: "abcde", left: 8 });
});

test("a body without length is all that comes until the connection ends", () => {
  expect(framing({})?.endsWithConnection).toBe(true);
  expect(readAll({}, ["ab", "c"])).toEqual({ content: "abc", left: undefined });
});

describe("a body in chunks", () => {
  test.each([
    ["is what stands in them", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"],
    [
      "has sizes in hexadecimal, of any letters, with zeros before",
      "00a\r\n0123456789\r\nB\r\n01234567890\r\n0\r\n\r\n",
      "012345678901234567890",
    ],
    ["may be empty", "0\r\n\r\n", ""],
    ["may have extensions, which say nothing to us", '3;a="b"\r\nabc\r\n0;x\r\n\r\n', "abc"],
    ["may have trailers, which are thrown away", "1\r\na\r\n0\r\nDigest: x\r\nOther: y\r\n\r\n", "a"],
    ["may hold what looks like its own end", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"],
  ])("%s", (_, text, content) => {
    expect(readAll(chunked, [text])).toEqual({ content, left: 0 });
    expect(readAll(chunked, text.split(""))).toEqual({ content, left: 0 });
    expect(readAll(chunked, [`${text}more`])).toEqual({ content, left: 4 });
  });

  test.each([
    ["no number", "x\r\n"],
    ["no number at all", "\r\n"],
    ["a negative number", "-1\r\n"],
    ["a sign of hexadecimal", "0x1\r\n"],
    ["more digits than any body has bytes", `${"f".repeat(14)}\r\n`],
    ["a line end of one character", "1\na\r\n0\r\n\r\n"],
    ["a content longer than said", "1\r\nab\r\n0\r\n\r\n"],
    ["a content without a line end", "1\r\na0\r\n\r\n"],
    ["a line without end", "1;".padEnd(5000, "a")],
    ["trailers without end", `0\r\n${"A: b\r\n".repeat(5000)}`],
  ])("is refused for %s", (_, text) => {
    expect(failure(() => readAll(chunked, [text]))).toBe("IMAGESYNC_NOT_HTTP");
    expect(failure(() => readAll(chunked, text.split("")))).toBe("IMAGESYNC_NOT_HTTP");
  });

  test("is the same however it arrives", () => {
    const parts = fc.array(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 40 }), { maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.array(fc.nat(), { maxLength: 8 }), (contents, cuts) => {
        const text = `${contents.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("")}0\r\n\r\n`;
        expect(readAll(chunked, cutInto(text, cuts))).toEqual({ content: contents.join(""), left: 0 });
      }),
    );
  });
});
