import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegistryError } from "../../embedded-registry/errors.ts";
import { readManifest } from "../../embedded-registry/manifest-document.ts";
import { imageKinds } from "../support/images/index.ts";
import { DOCKER_IMAGE, OCI_IMAGE, OCI_INDEX } from "../support/registries/protocol-steps.ts";

const blob = { mediaType: "application/x", digest: `sha256:${"a".repeat(64)}`, size: 3 };
const image = { schemaVersion: 2, mediaType: OCI_IMAGE, config: blob, layers: [blob] };

function read(document: unknown, mediaType: string = OCI_IMAGE): ReturnType<typeof readManifest> {
  return readManifest(Buffer.from(typeof document === "string" ? document : JSON.stringify(document)), mediaType);
}

describe("manifests that are read", () => {
  test.each(imageKinds)("$name", (kind) => {
    const { bytes, mediaType, children } = kind.build();
    expect(readManifest(bytes, mediaType).manifests).toHaveLength(children.length);
  });

  test("what lies elsewhere is not named", () => {
    const foreign = { ...blob, mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" };
    expect(read({ ...image, layers: [blob, foreign] }).blobs).toEqual([blob, blob]);
  });

  test("the artifact type is the stated one, else that of the config, else none", () => {
    expect(read({ ...image, artifactType: "application/stated" }).artifactType).toBe("application/stated");
    expect(read(image).artifactType).toBe("application/x");
    expect(read({ schemaVersion: 2, manifests: [] }, OCI_INDEX).artifactType).toBeUndefined();
  });

  test("an annotation may be called like a part of every object", () => {
    const bytes = `{"schemaVersion":2,"manifests":[],"annotations":{"__proto__":"a","constructor":"b"}}`;
    expect(JSON.stringify(read(bytes, OCI_INDEX).annotations)).toBe(`{"__proto__":"a","constructor":"b"}`);
  });
});

describe("manifests that are refused", () => {
  test.each<[string, unknown, string?]>([
    ["empty", ""],
    ["cut off", `{"schemaVersion":2`],
    ["null", "null"],
    ["a list", "[]"],
    ["a text", `"manifest"`],
    ["behind a byte order mark", `\uFEFF${JSON.stringify(image)}`],
    ["of schema 1", { ...image, schemaVersion: 1 }],
    ["of a schema version in quotes", { ...image, schemaVersion: "2" }],
    ["without a schema version", { ...image, schemaVersion: undefined }],
    ["without layers", { ...image, layers: undefined }],
    ["without config", { ...image, config: undefined }],
    ["with null as layers", { ...image, layers: null }],
    ["with an object as layers", { ...image, layers: {} }],
    ["with null as a layer", { ...image, layers: [null] }],
    ["with a list as config", { ...image, config: [] }],
    ["with a layer without a size", { ...image, layers: [{ ...blob, size: undefined }] }],
    ["with a layer of a negative size", { ...image, layers: [{ ...blob, size: -1 }] }],
    ["with a layer of half a byte", { ...image, layers: [{ ...blob, size: 0.5 }] }],
    ["with a layer of an inexact size", { ...image, layers: [{ ...blob, size: 2 ** 60 }] }],
    ["with a layer without a type", { ...image, layers: [{ ...blob, mediaType: "" }] }],
    ["with a path as a digest", { ...image, layers: [{ ...blob, digest: "sha256:../../../etc/passwd" }] }],
    ["with a digest of an unknown algorithm", { ...image, layers: [{ ...blob, digest: "md5:00" }] }],
    ["with another type inside", { ...image, mediaType: DOCKER_IMAGE }],
    ["with a number as its type", { ...image, mediaType: 2 }],
    ["of Docker without a type inside", { ...image, mediaType: undefined }, DOCKER_IMAGE],
    ["that is an image and an index", { ...image, manifests: [] }],
    ["that is an index with layers", { schemaVersion: 2, manifests: [], layers: [] }, OCI_INDEX],
    ["that is an index with a config", { schemaVersion: 2, manifests: [], config: blob }, OCI_INDEX],
    ["that is an index without children", { schemaVersion: 2 }, OCI_INDEX],
    ["with a broken subject", { ...image, subject: { digest: "x" } }],
    ["with annotations that are no texts", { ...image, annotations: { a: { b: 1 } } }],
    ["with a list of annotations", { ...image, annotations: ["a"] }],
    ["pushed as schema 1", image, "application/vnd.docker.distribution.manifest.v1+prettyjws"],
  ])("%s", (_name, document, mediaType) => {
    expect(() => read(document, mediaType)).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
  });

  test("bytes that are not UTF-8", () => {
    const bytes = Buffer.concat([
      Buffer.from(`{"schemaVersion":2,"manifests":[],"a":"`),
      Buffer.from([0xff]),
      Buffer.from(`"}`),
    ]);
    expect(() => readManifest(bytes, OCI_INDEX)).toThrow(RegistryError);
  });

  test.each([
    ["lists", "[".repeat(2_000_000)],
    ["closed lists", "[".repeat(1_000_000) + "]".repeat(1_000_000)],
    ["objects", `{"a":`.repeat(500_000)],
    [
      "annotations",
      `{"schemaVersion":2,"manifests":[],"annotations":${`{"a":`.repeat(400_000)}1${"}".repeat(400_001)}`,
    ],
  ])("millions of %s inside each other", (_name, text) => {
    expect(() => read(text, OCI_INDEX)).toThrow(RegistryError);
  });

  test("whatever the document is, there is an answer of the protocol", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string()),
        fc.constantFrom(OCI_IMAGE, OCI_INDEX, DOCKER_IMAGE),
        (text, type) => {
          expect(failure(() => read(text, type))).toSatisfy(isOfTheProtocol);
        },
      ),
    );
  });
});

function failure(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

function isOfTheProtocol(failed: unknown): boolean {
  return failed === undefined || failed instanceof RegistryError;
}
