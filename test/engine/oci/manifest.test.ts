import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../engine/oci/digest.ts";
import { blobsOf, maxManifestBytes, parseManifest } from "../../../engine/oci/manifest.ts";
import { isManifestType } from "../../../engine/oci/media-types.ts";
import { imageKinds, types, type TestManifest } from "../../support/images/index.ts";
import { failureOf, hasControlCharacters } from "../failure.ts";

const { oci, docker } = types;
const digest = digestOf(Buffer.from("x"));
const blob = { mediaType: oci.layer, digest, size: 1 };
const image = { schemaVersion: 2, mediaType: oci.manifest, config: blob, layers: [blob] };
const index = { schemaVersion: 2, mediaType: oci.index, manifests: [{ ...blob, mediaType: oci.manifest }] };

function bytesOf(document: unknown): Buffer {
  return Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
}

/** How reading a document fails. */
async function refusal(document: unknown, contentType?: string): Promise<string> {
  const error = await failureOf(() => parseManifest(bytesOf(document), contentType));
  return `${error?.code ?? "no error"}: ${error?.message ?? ""}`;
}

describe("every kind of manifest is read", () => {
  const all = (manifest: TestManifest): TestManifest[] => [manifest, ...manifest.children.flatMap(all)];

  test.each(imageKinds)("$name", (kind) => {
    for (const manifest of all(kind.build())) {
      const read = parseManifest(manifest.bytes, manifest.mediaType);
      expect(read).toMatchObject({ mediaType: manifest.mediaType, digest: manifest.digest });
      expect(read.bytes).toBe(manifest.bytes);
      const named = read.kind === "index" ? read.manifests : blobsOf(read);
      const below = [...manifest.children, ...new Map(manifest.blobs.map((one) => [one.digest, one])).values()];
      const foreign = named.filter((one) => /foreign|nondistributable/.test(one.mediaType));
      expect(named.filter((one) => !foreign.includes(one)).map((one) => one.digest)).toEqual(
        below.map((one) => one.digest),
      );
    }
  });

  test("with its platforms, annotations, artifact type and subject", () => {
    const document = {
      ...index,
      artifactType: "application/vnd.example",
      annotations: { a: "b", number: 1 },
      subject: { ...blob, mediaType: oci.manifest },
      manifests: [
        {
          ...blob,
          mediaType: oci.manifest,
          artifactType: "application/vnd.example.child",
          platform: { os: "windows", architecture: "amd64", variant: "v3", "os.version": "10.0.1" },
          annotations: { c: "d" },
        },
      ],
    };
    expect(parseManifest(bytesOf(document), oci.index)).toMatchObject({
      kind: "index",
      artifactType: "application/vnd.example",
      annotations: { a: "b" },
      subject: { digest },
      manifests: [
        {
          artifactType: "application/vnd.example.child",
          platform: { os: "windows", architecture: "amd64", variant: "v3", osVersion: "10.0.1" },
          annotations: { c: "d" },
        },
      ],
    });
  });

  test.each([
    ["the Content-Type has parameters", image, `${oci.manifest}; charset=utf-8`, oci.manifest, "image"],
    ["the Content-Type is in capitals", image, oci.manifest.toUpperCase(), oci.manifest, "image"],
    ["the Content-Type says nothing of manifests", image, "text/plain", oci.manifest, "image"],
    ["there is no Content-Type", index, undefined, oci.index, "index"],
    [
      "the document has no type",
      { schemaVersion: 2, layers: [], config: blob },
      docker.manifest,
      docker.manifest,
      "image",
    ],
    ["nothing has a type, but there are layers", { schemaVersion: 2, layers: [] }, undefined, oci.manifest, "image"],
    ["nothing has a type, but there is a config", { schemaVersion: 2, config: blob }, undefined, oci.manifest, "image"],
    [
      "nothing has a type, but there are manifests",
      { schemaVersion: 2, manifests: [] },
      "text/plain",
      oci.index,
      "index",
    ],
    [
      "the members that do not belong are null",
      { ...index, layers: null, config: null },
      oci.index,
      oci.index,
      "index",
    ],
    [
      "its type is unknown",
      { ...image, mediaType: "application/vnd.x" },
      "application/vnd.x",
      "application/vnd.x",
      "image",
    ],
    [
      "its type is unknown and it has manifests",
      { schemaVersion: 2, mediaType: "application/vnd.x", manifests: [] },
      "application/vnd.x",
      "application/vnd.x",
      "index",
    ],
  ])("also when %s", (_name, document, contentType, mediaType, kind) => {
    expect(parseManifest(bytesOf(document), contentType)).toMatchObject({ mediaType, kind });
  });

  test("with each blob once, in their order", () => {
    const other = { ...blob, digest: digestOf(Buffer.from("y")) };
    const read = parseManifest(bytesOf({ ...image, layers: [other, blob, other] }), oci.manifest);
    expect(read).toMatchObject({ kind: "image", layers: [other, blob, other] });
    expect(read.kind === "image" && blobsOf(read).map((one) => one.digest)).toEqual([digest, other.digest]);
  });

  test("with a layer that is left at its origin in one place only as one that is wanted", () => {
    const left = { ...blob, mediaType: oci.foreign };
    for (const layers of [
      [left, blob, left],
      [blob, left],
    ]) {
      const read = parseManifest(bytesOf({ schemaVersion: 2, mediaType: oci.manifest, layers }), oci.manifest);
      expect(read.kind === "image" && blobsOf(read)).toMatchObject([{ digest, mediaType: oci.layer }]);
    }
    const read = parseManifest(bytesOf({ schemaVersion: 2, layers: [left] }), oci.manifest);
    expect(read.kind === "image" && blobsOf(read)).toMatchObject([{ digest, mediaType: oci.foreign }]);
  });

  test("and an attestation has no platform", () => {
    const platform = { os: "unknown", architecture: "unknown" };
    const read = parseManifest(bytesOf({ ...index, manifests: [{ ...blob, platform }] }), oci.index);
    expect(read.kind === "index" && read.manifests[0]?.platform).toBeUndefined();
  });

  test("up to 10 000 descriptors", () => {
    const document = { ...index, manifests: Array.from({ length: 10_000 }, () => index.manifests[0]) };
    const read = parseManifest(bytesOf(document), oci.index);
    expect(read.kind === "index" && read.manifests).toHaveLength(10_000);
  });
});

describe("a manifest is refused", () => {
  test.each([docker.manifest, oci.manifest, undefined])("by name when it is schema 1, served as %s", async (type) => {
    expect(await refusal({ schemaVersion: 1, name: "library/x", fsLayers: [], history: [] }, type)).toMatch(
      /^unsupported-media-type: .*Docker schema 1/,
    );
  });

  test.each([
    "application/vnd.docker.distribution.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
  ])("by name when its type is %s", async (type) => {
    expect(await refusal("not even JSON", type)).toMatch(/^unsupported-media-type: .*Docker schema 1/);
    expect(await refusal({ ...image, mediaType: type })).toMatch(/^unsupported-media-type: .*Docker schema 1/);
  });

  test.each([
    ["an index that has layers", { ...index, layers: [blob] }, oci.index],
    ["an index that has a config", { ...index, config: blob }, oci.index],
    ["a list that has layers", { ...index, mediaType: docker.index, layers: [] }, docker.index],
    ["an image that has manifests", { ...image, manifests: [] }, oci.manifest],
    ["no type, manifests and layers", { schemaVersion: 2, manifests: [], layers: [] }, "application/json"],
    ["an image by type and an index by content", { ...index, mediaType: oci.manifest }, oci.manifest],
    ["an index by type and an image by content", { ...image, mediaType: oci.index }, oci.index],
    ["served as an index, itself an image", image, oci.index],
    ["served as an image, itself an index", index, oci.manifest],
    ["served as Docker's, itself OCI's", image, docker.manifest],
  ])("when it can be read as two things: %s", async (_name, document, contentType) => {
    expect(await refusal(document, contentType)).toMatch(/^manifest-invalid: /);
  });

  test.each([
    ["nothing", ""],
    ["a web page", "<!doctype html><title>Sign in</title>"],
    ["a type that cannot stand in a header", { ...image, mediaType: "x\r\ny: z" }],
    ["half a document", JSON.stringify(image).slice(0, -10)],
    ["null", "null"],
    ["a list", "[]"],
    ["a number", "1"],
    ["a string", '"manifest"'],
    ["no members", "{}"],
    ["an error instead", '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}'],
    ["no schemaVersion", { ...image, schemaVersion: undefined }],
    ["schemaVersion 3", { ...image, schemaVersion: 3 }],
    ["schemaVersion as text", { ...image, schemaVersion: "2" }],
    ["layers that are an object", { ...image, layers: {} }],
    ["layers that are text", { ...image, layers: "all" }],
    ["a layer that is null", { ...image, layers: [null] }],
    ["a layer that is text", { ...image, layers: [digest] }],
    ["a layer that is a list", { ...image, layers: [[blob]] }],
    ["a config that is a list", { ...image, config: [blob] }],
    ["a subject that is text", { ...image, subject: digest }],
    ["manifests that are an object", { ...index, manifests: { 0: blob } }],
    ["a layer without a type", { ...image, layers: [{ ...blob, mediaType: undefined }] }],
    ["a layer with an empty type", { ...image, layers: [{ ...blob, mediaType: "" }] }],
    ["a layer with a type of 256 characters", { ...image, layers: [{ ...blob, mediaType: "x".repeat(256) }] }],
    ["a layer with a number as type", { ...image, layers: [{ ...blob, mediaType: 1 }] }],
    ["a layer without a digest", { ...image, layers: [{ ...blob, digest: undefined }] }],
    ["a layer with a path as digest", { ...image, layers: [{ ...blob, digest: "../../../etc/passwd" }] }],
    ["a layer with an object as digest", { ...image, layers: [{ ...blob, digest: { toString: "x" } }] }],
    [
      "a layer with a digest of another algorithm",
      { ...image, layers: [{ ...blob, digest: `md5:${"0".repeat(32)}` }] },
    ],
    ["a layer without a size", { ...image, layers: [{ ...blob, size: undefined }] }],
    ["a layer with a negative size", { ...image, layers: [{ ...blob, size: -1 }] }],
    ["a layer with half a byte", { ...image, layers: [{ ...blob, size: 0.5 }] }],
    ["a layer with a size as text", { ...image, layers: [{ ...blob, size: "1" }] }],
    ["a layer with a size beyond exact numbers", { ...image, layers: [{ ...blob, size: 2 ** 53 }] }],
    ["a layer with an infinite size", JSON.stringify(image).replaceAll('"size":1', '"size":1e999')],
    ["a NUL in the text", `${JSON.stringify(image)}\0`],
  ])("that is no manifest: %s", async (_name, document) => {
    expect(await refusal(document, oci.manifest)).toMatch(/^manifest-invalid: Cannot read the /);
    expect(await refusal(document)).toMatch(/^manifest-invalid: Cannot read the /);
  });

  test("that is not UTF-8", async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"schemaVersion":2,"layers":[],"x":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expect(await failureOf(() => parseManifest(bytes, oci.manifest))).toMatchObject({ code: "manifest-invalid" });
  });

  test("without quoting a page that came instead", async () => {
    expect(await refusal("<html>secret</html>", oci.manifest)).not.toContain("secret");
  });

  test("that lists more than 10 000 descriptors", async () => {
    const layers = Array.from({ length: 10_001 }, () => blob);
    expect(await refusal({ ...image, layers }, oci.manifest)).toMatch(/^limit: /);
  });

  test("that is larger than the limit, before anything is read", async () => {
    const bytes = Buffer.alloc(maxManifestBytes + 1, " ");
    expect(await failureOf(() => parseManifest(bytes, oci.manifest))).toMatchObject({ code: "limit" });
  });

  test.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("or read, but never a crash, when %s are nested a million deep", async (_name, open, close) => {
    const depth = 1_000_000;
    const bomb = `${open.repeat(depth)}${open === "[" ? "" : "0"}${close.repeat(depth)}`;
    const inside = JSON.stringify(image).replace('"layers"', `"bomb":${bomb},"layers"`);
    expect((await failureOf(() => parseManifest(Buffer.from(inside), oci.manifest)))?.code ?? "manifest-invalid").toBe(
      "manifest-invalid",
    );
    expect(await failureOf(() => parseManifest(Buffer.from(bomb), oci.manifest))).toMatchObject({
      code: "manifest-invalid",
    });
  });

  test("with another digest than the one that was asked for", async () => {
    const bytes = bytesOf(image);
    expect(parseManifest(bytes, oci.manifest, digestOf(bytes)).digest).toBe(digestOf(bytes));
    expect(parseManifest(bytes, oci.manifest, digestOf(bytes, "sha512")).digest).toBe(digestOf(bytes, "sha512"));
    expect(await failureOf(() => parseManifest(bytes, oci.manifest, digest))).toMatchObject({
      code: "digest-mismatch",
    });
  });
});

describe("names that every object has are names like any other", () => {
  test("a member called __proto__ brings no layers and no type", async () => {
    const hidden = `{"schemaVersion":2,"__proto__":{"mediaType":"${oci.manifest}","layers":[]}}`;
    expect(await refusal(hidden)).toMatch(/^manifest-invalid: .*neither manifests nor layers/);
  });

  test("a descriptor called __proto__ brings no digest", async () => {
    const text = JSON.stringify({ ...image, layers: [{ mediaType: oci.layer, size: 1 }] });
    const hidden = text.replace('"layers":[{', `"layers":[{"__proto__":{"digest":"${digest}"},`);
    expect(await refusal(hidden, oci.manifest)).toMatch(/^manifest-invalid: .*digest/);
  });

  test("annotations called __proto__ and constructor are kept and change nothing else", () => {
    const text = JSON.stringify({ ...image, annotations: { constructor: "c", polluted: "own" } });
    const document = text.replace('"constructor"', '"__proto__":"p","constructor"');
    const { annotations } = parseManifest(Buffer.from(document), oci.manifest);
    expect(Object.entries(annotations ?? {})).toEqual([
      ["__proto__", "p"],
      ["constructor", "c"],
      ["polluted", "own"],
    ]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

const anyType = fc.constantFrom(oci.manifest, oci.index, docker.manifest, docker.index, "text/plain", "", undefined);

test("any bytes are read, or refused with an error of ours", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      anyType,
      async (bytes, type) => {
        const error = await failureOf(() => parseManifest(bytes, type));
        expect(error).toBeDefined();
        expect(hasControlCharacters(error?.message ?? "")).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});

test("a manifest with anything in any of its members is read, or refused with an error of ours", async () => {
  const member = fc.constantFrom(
    "schemaVersion",
    "mediaType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
    "blobs",
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(image, index),
      member,
      fc.jsonValue(),
      anyType,
      async (valid, name, value, type) => {
        const bytes = bytesOf({ ...valid, [name]: value });
        const error = await failureOf(() => {
          const manifest = parseManifest(bytes, type);
          expect(manifest.digest).toBe(digestOf(bytes));
          expect(isManifestType(manifest.mediaType) || manifest.mediaType === value).toBe(true);
        });
        expect(["manifest-invalid", "unsupported-media-type", undefined]).toContain(error?.code);
      },
    ),
    { numRuns: 1000 },
  );
});
