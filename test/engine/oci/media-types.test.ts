import { expect, test } from "vitest";
import {
  baseMediaType,
  isIndexType,
  isManifestType,
  isNonDistributable,
  isSchema1,
  manifestAccept,
} from "../../../engine/oci/media-types.ts";

test.each([
  ["application/vnd.oci.image.index.v1+json", "index"],
  ["application/vnd.docker.distribution.manifest.list.v2+json", "index"],
  ["application/vnd.oci.image.manifest.v1+json", "manifest"],
  ["application/vnd.docker.distribution.manifest.v2+json", "manifest"],
  ["application/vnd.oci.artifact.manifest.v1+json", "manifest"],
  ["application/vnd.docker.distribution.manifest.v1+json", "schema 1"],
  ["application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"],
  ["application/vnd.oci.image.config.v1+json", "none"],
  ["application/json", "none"],
  ["text/html", "none"],
  ["", "none"],
])("%s is: %s", (type, kind) => {
  expect(isIndexType(type)).toBe(kind === "index");
  expect(isManifestType(type)).toBe(kind === "index" || kind === "manifest");
  expect(isSchema1(type)).toBe(kind === "schema 1");
});

test("one header asks for every kind of manifest, and for those that nobody knows", () => {
  const types = manifestAccept.split(", ");
  expect(types.filter(isManifestType)).toHaveLength(5);
  expect(types.filter(isSchema1)).toHaveLength(2);
  expect(types.at(-1)).toBe("*/*;q=0.1");
});

test.each([
  ["application/vnd.oci.image.layer.nondistributable.v1.tar", true],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true],
  ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true],
  ["application/vnd.oci.image.layer.v1.tar+gzip", false],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", false],
])("whether a layer of type %s stays at its origin: %s", (type, foreign) => {
  expect(isNonDistributable(type)).toBe(foreign);
});

test.each([
  ["application/json; charset=utf-8", "application/json"],
  ["  Application/JSON ;q=1", "application/json"],
  [";", ""],
  ["", ""],
  [undefined, ""],
])("the type in Content-Type %j is %j", (header, type) => {
  expect(baseMediaType(header)).toBe(type);
});
