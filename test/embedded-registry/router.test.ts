import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RegistryError } from "../../embedded-registry/errors.ts";
import { parseRoute, routeKind } from "../../embedded-registry/router.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("routes", () => {
  test.each([
    ["/v2", "base", "", ""],
    ["/v2/", "base", "", ""],
    ["/token", "token", "", ""],
    ["/v2/a/tags/list", "tags", "a", ""],
    ["/v2/a/b/c/manifests/latest", "manifest", "a/b/c", "latest"],
    [`/v2/a/manifests/${DIGEST}`, "manifest", "a", DIGEST],
    [`/v2/a/blobs/${DIGEST}`, "blob", "a", DIGEST],
    [`/v2/a/blobs/${DIGEST.replace(":", "%3A")}`, "blob", "a", DIGEST],
    ["/v2/a/blobs/uploads", "upload", "a", ""],
    ["/v2/a/blobs/uploads/", "upload", "a", ""],
    ["/v2/a/blobs/uploads/some-id", "upload", "a", "some-id"],
    [`/v2/a/referrers/${DIGEST}`, "referrers", "a", DIGEST],
    // Words of the protocol may be parts of names.
    ["/v2/manifests/tags/list", "tags", "manifests", ""],
    ["/v2/tags/list/manifests/list", "manifest", "tags/list", "list"],
    ["/v2/a/blobs/uploads/manifests/b", "manifest", "a/blobs/uploads", "b"],
  ])("%s is understood", (path, kind, repository, reference) => {
    expect(parseRoute(path)).toEqual({ kind, repository, reference });
  });

  test.each([
    "",
    "/",
    "/v1/",
    "/v2//tags/list",
    "/v2/a/tags",
    "/v2/a/manifests/",
    "/v2/a/blobs/",
    "/v2/a/manifests/b/c",
    "/v2/a/blobs/uploads/id/more",
    "/v2/_catalog",
    "/v2/%zz/tags/list",
    "/v2/%ff/tags/list",
    "*",
    "http://elsewhere/v2/",
  ])("%s is an address of nothing", (path) => {
    expect(parseRoute(path).kind).toBe("unknown");
  });

  test.each([
    "/v2/../manifests/a",
    "/v2/a/../../etc/manifests/passwd",
    "/v2/a%2f..%2f..%2fetc/manifests/passwd",
    "/v2/A/tags/list",
    "/v2/a%00b/tags/list",
    "/v2/a\\b/tags/list",
    `/v2/${"a".repeat(300)}/tags/list`,
  ])("%s has no valid name", (path) => {
    expect(() => parseRoute(path)).toThrow(expect.objectContaining({ code: "NAME_INVALID" }));
  });

  test("no path makes it fail in another way, and every path can be counted", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom("/v2/", "/", "a", "..", "%2e", "tags/list", "blobs/uploads/", DIGEST),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const path = pieces.join("");
        expect(routeKind(path)).toBeTypeOf("string");
        expect(failure(() => parseRoute(path))).toSatisfy(isOfTheProtocol);
      }),
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
