import { describe, expect, test } from "vitest";
import { digestOf, isAttachmentTag, isRetentionTag, retentionTag } from "../../../engine/index.ts";

const hex = "0123456789abcdef".repeat(4);

describe("tags that belong to another image", () => {
  test.each([
    `sha256-${hex}`,
    `sha256-${hex}.sig`,
    `sha256-${hex}.att`,
    `sha256-${hex}.sbom`,
    `sha256-${hex}.cosign.bundle`,
    `sha256-${hex}-provenance`,
    `sha512-${hex}`,
    `sha512-${hex}${hex.slice(0, 57)}`,
    `sha512-${hex}.sig`,
  ])("are told by their name: %s", (tag) => {
    expect(isAttachmentTag(tag)).toBe(true);
  });

  test.each([
    "sha256",
    "sha256-",
    `sha256-${hex.slice(1)}`,
    `sha256-${hex}0`,
    `sha256-${hex.toUpperCase()}`,
    `sha256:${hex}`,
    `xsha256-${hex}`,
    `md5-${hex}`,
    `sha256-${hex}\n`,
    `sha256-${hex}.sig\nx`,
    "",
  ])("are not mistaken: %j", (tag) => {
    expect(isAttachmentTag(tag)).toBe(false);
  });
});

test("the tags that keep earlier images are told by their name, however long the tag was", () => {
  const digest = digestOf(Buffer.from("x"));
  expect(isRetentionTag(retentionTag("1.0", digest))).toBe(true);
  expect(isRetentionTag(retentionTag("a".repeat(128), digest))).toBe(true);
  expect(isRetentionTag("imagesync-previous.1.0")).toBe(false);
  expect(isRetentionTag("1.0")).toBe(false);
});
