import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatReference, ImagesyncError, isLayoutKind, parseLocation } from "../../../engine/index.ts";

const digest = `sha256:${"a".repeat(64)}`;

describe("a location is read", () => {
  test.each([
    ["oci:/images/app", { registry: "oci:", repository: "/images/app", spelled: "oci:/images/app" }],
    ["oci:/images/app:1.2", { registry: "oci:", repository: "/images/app", tag: "1.2", spelled: "oci:/images/app" }],
    ["oci:/images/app/", { registry: "oci:", repository: "/images/app", spelled: "oci:/images/app/" }],
    [`oci:/images/app@${digest}`, { repository: "/images/app", digest, spelled: "oci:/images/app" }],
    [`oci:/images/app:1@${digest}`, { repository: "/images/app", tag: "1", digest }],
    ["oci:app:1", { repository: join(process.cwd(), "app"), tag: "1", spelled: "oci:app" }],
    ["oci:../app", { repository: join(process.cwd(), "../app") }],
    ["oci:/with space/Ünïcode 像:v1", { repository: "/with space/Ünïcode 像", tag: "v1" }],
    ["oci:/a:b/app:1", { repository: "/a:b/app", tag: "1" }],
    ["oci:/a:b/", { repository: "/a:b" }],
    ["oci:/at@home/app@2:1", { repository: "/at@home/app@2", tag: "1" }],
    ["oci:///images/app:1", { repository: "/images/app", tag: "1" }],
    ["oci-archive:/images/app.tar:1", { registry: "oci-archive:", repository: "/images/app.tar", tag: "1" }],
    ["oci-archive:app.tar", { registry: "oci-archive:", repository: join(process.cwd(), "app.tar") }],
    ["oci-archive:/a:b.tar:1", { repository: "/a:b.tar", tag: "1" }],
    ["ghcr.io/acme/app:1", { registry: "ghcr.io", repository: "acme/app", tag: "1" }],
    ["oci/app:1", { registry: "docker.io", repository: "oci/app", tag: "1" }],
  ])("%s", (text, expected) => {
    expect(parseLocation(text)).toMatchObject(expected);
  });

  test.each([
    ["oci:", "the path is missing"],
    ["oci::1", "the path is missing"],
    ["oci-archive:", "the path is missing"],
    ["oci://ghcr.io/acme/app:1", 'behind "oci:" stands a path'],
    ["oci:app:with space", '"with space" is not a tag'],
    ["oci:app:", '"" is not a tag'],
    ["oci:app:-1", '"-1" is not a tag'],
    ["oci:app@sha256:abc", '"sha256:abc" is not a digest'],
    [`oci:app@SHA256:${"a".repeat(64)}`, "is not a digest"],
    ["oci:app\u0000:1", "control characters"],
    ["oci:app\u001b[2J:1", "control characters"],
    [`oci:${"x".repeat(5000)}`, "more than 4096 characters"],
    ["docker://ghcr.io/app:1", "scheme"],
  ])("%j is refused with what is wrong", (text, why) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: "invalid-reference" }) as Error);
    expect(() => parseLocation(text)).toThrow(why);
  });

  test("the address of a registry behind oci:// is told how to be written", () => {
    let hint: string | undefined;
    try {
      parseLocation("oci://ghcr.io/acme/app:1");
    } catch (error) {
      hint = error instanceof ImagesyncError ? error.hint : undefined;
    }
    expect(hint).toContain('"ghcr.io/acme/app:1"');
  });

  test("whatever is read is written again as it was, and stands for a layout alone", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("oci:", "oci-archive:"),
        fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1, maxLength: 4 }),
        fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/), { nil: undefined }),
        fc.boolean(),
        (kind, parts, tag, withDigest) => {
          const path = `/${parts.join("/")}/x`;
          fc.pre(!/\p{Cc}/u.test(path) && !/^\/\/[^/]/.test(path));
          const text = `${kind}${path}${tag === undefined ? "" : `:${tag}`}${withDigest ? `@${digest}` : ""}`;
          const location = parseLocation(text);
          expect(formatReference(location)).toBe(text);
          expect(location.tag).toBe(tag);
          expect(isLayoutKind(location.registry)).toBe(true);
          expect(parseLocation(`${kind}${location.repository}`).repository).toBe(location.repository);
        },
      ),
    );
  });

  test("any text is a location or refused as one", () => {
    const codeOf = (text: string): string => {
      try {
        parseLocation(text);
        return "read";
      } catch (error) {
        return error instanceof ImagesyncError ? error.code : String(error);
      }
    };
    fc.assert(
      fc.property(fc.constantFrom("oci:", "oci-archive:", ""), fc.string({ unit: "binary" }), (kind, rest) => {
        expect(["read", "invalid-reference"]).toContain(codeOf(kind + rest));
      }),
    );
  });
});
