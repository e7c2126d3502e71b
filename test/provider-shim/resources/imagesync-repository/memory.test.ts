import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../../engine/index.ts";
import {
  type Memory,
  noMemory,
  readMemory,
  writeMemory,
} from "../../../../provider-shim/resources/imagesync-repository/memory.ts";

const digest = fc.nat({ max: 20 }).map((seed) => digestOf(Buffer.from(String(seed))));
const tag = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), fc.constant("__proto__"));
const wish = fc.record({ source: digest, digest });
const own = fc.record({ source: digest, digest, previous: fc.array(digest, { maxLength: 5 }) });

function mapOf<T>(value: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> {
  return fc.array(fc.tuple(tag, value), { maxLength: 10 }).map((entries) => new Map(entries));
}

const memory: fc.Arbitrary<Memory> = fc.record(
  {
    place: fc.string(),
    wanted: fc.record({ question: fc.string(), images: mapOf(wish) }),
    failure: fc.string(),
    ours: mapOf(own),
    occupied: mapOf(digest),
    unfinished: fc.array(tag, { maxLength: 5 }),
    creating: fc.constant(true),
  },
  { requiredKeys: ["ours", "occupied", "unfinished"] },
);

describe("the memory of a repository", () => {
  test("reads what it has written, whatever the tags are called", () => {
    fc.assert(
      fc.property(memory, (given) => {
        expect(readMemory(writeMemory(given))).toEqual(given);
      }),
    );
  });

  test("writes each digest once, however many tags hold it", () => {
    const held = digestOf(Buffer.from("held"));
    const images = new Map(Array.from({ length: 1000 }, (_, at) => [`v${at}`, { source: held, digest: held }]));
    const text = new TextDecoder().decode(writeMemory({ ...noMemory, wanted: { question: "q", images } }));
    expect(text.split(held).length).toBe(2);
  });

  test.each([
    ["no bytes", ""],
    ["no JSON", "{"],
    ["another provider's", '{"schema_version":"1"}'],
    ["the memory of one image", '{"imagesync":1,"previous":[]}'],
    ["a list", "[]"],
    ["null", "null"],
    ["another version", '{"imagesync_repository":2,"place":"x"}'],
  ])("takes %s for nothing", (_name, text) => {
    expect(readMemory(Buffer.from(text))).toEqual(noMemory);
  });

  test("leaves out what has no digest, and never throws", () => {
    const broken = {
      imagesync_repository: 1,
      place: 1,
      question: "q",
      wanted: { a: [0], b: [7], c: "x", d: [], e: [-1, 0.5, "0", null], f: [1] },
      ours: [],
      occupied: null,
      unfinished: [1, "a"],
      digests: [digestOf(Buffer.from("a")), "sha256:short"],
    };
    expect(readMemory(Buffer.from(JSON.stringify(broken)))).toEqual({
      wanted: { question: "q", images: new Map([["a", { source: broken.digests[0], digest: broken.digests[0] }]]) },
      ours: new Map(),
      occupied: new Map(),
      unfinished: ["a"],
    });
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        readMemory(Buffer.from(JSON.stringify({ ...broken, wanted: value, ours: value, digests: value })));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(readMemory(bytes)).toEqual(noMemory);
      }),
    );
  });
});
