import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ImagesyncError } from "../../../engine/errors.ts";
import { digestOf } from "../../../engine/oci/digest.ts";
import { failureOf, hasControlCharacters } from "../failure.ts";
import { scriptedRepository, type ScriptedAnswer } from "./scripted-repository.ts";

const digest = digestOf(Buffer.from("x"));

function wire(code: string, message = ""): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

/** The error of a request that is answered so. */
async function errorOf(answer: ScriptedAnswer): Promise<ImagesyncError | undefined> {
  const { repository } = scriptedRepository(answer);
  return await failureOf(() => repository.manifests.get(digest));
}

describe("an answer's status decides what is wrong", () => {
  test.each([
    [400, "protocol"],
    [401, "unauthorized"],
    [403, "denied"],
    [404, "not-found"],
    [405, "unsupported"],
    [408, "timeout"],
    [409, "conflict"],
    [410, "not-found"],
    [412, "conflict"],
    [413, "limit"],
    [418, "protocol"],
    [429, "rate-limited"],
    [499, "unavailable"],
    [500, "unavailable"],
    [501, "unsupported"],
    [502, "unavailable"],
    [503, "unavailable"],
    [504, "unavailable"],
    [507, "quota"],
    [522, "unavailable"],
    [204, "protocol"],
    [302, "protocol"],
    [304, "protocol"],
  ])("%i is %s, whatever stands in the body", async (status, code) => {
    for (const body of ["", "not json", "<html>404</html>", "[]", "{}", '{"errors":{}}', '{"errors":[null,1,"x"]}']) {
      expect(await errorOf({ status, body })).toMatchObject({
        code,
        status,
        side: "destination",
        registry: "r.example",
      });
    }
  });
});

describe("the registry's own code refines what the status leaves open", () => {
  test.each([
    [400, "NAME_UNKNOWN", "not-found"],
    [400, "UNSUPPORTED", "unsupported"],
    [400, "DENIED", "denied"],
    [400, "UNAUTHORIZED", "unauthorized"],
    [400, "TOOMANYREQUESTS", "rate-limited"],
    [400, "MANIFEST_BLOB_UNKNOWN", "manifest-invalid"],
    [400, "MANIFEST_INVALID", "manifest-invalid"],
    [400, "DIGEST_INVALID", "digest-mismatch"],
    [400, "SIZE_INVALID", "size-mismatch"],
    [400, "TAG_IMMUTABLE", "immutable"],
    [409, "TAG_IMMUTABLE", "immutable"],
    [400, "ImageTagAlreadyExistsException", "immutable"],
    [403, "QUOTA_EXCEEDED", "quota"],
  ])("%i %s is %s", async (status, registryCode, code) => {
    expect(await errorOf({ status, body: wire(registryCode) })).toMatchObject({ code, registryCode });
  });

  test.each([
    [412, "PRECONDITION", "configured as immutable, cannot be updated", "immutable"],
    [403, "DENIED", "adding 30 MiB of storage would exceed the quota of the project", "quota"],
  ])("%i with words of a registry: %s, %s", async (status, registryCode, message, code) => {
    expect(await errorOf({ status, body: wire(registryCode, message) })).toMatchObject({ code });
  });

  test.each([
    [401, "unauthorized"],
    [404, "not-found"],
    [429, "rate-limited"],
    [503, "unavailable"],
  ])("but %i stays %s where a name or a sentence holds such a word", async (status, code) => {
    for (const word of ["quota", "immutable"]) {
      const body = wire("NAME_UNKNOWN", `repository team/${word}-service is not known to the registry`);
      expect(await errorOf({ status, body })).toMatchObject({ code });
    }
  });
});

describe("a message", () => {
  test("says what failed, on what, at which registry, and what it answered", async () => {
    const error = await errorOf({ status: 403, body: wire("DENIED", "requested access is denied") });
    expect(error?.message).toBe(
      `Cannot pull manifest r.example/team/app@${digest}: r.example answered 403 (DENIED: requested access is denied)`,
    );
    expect(error?.hint).toContain("push access");
  });

  test("has a hint for whatever a user can do something about", async () => {
    for (const status of [400, 401, 403, 429, 500, 507]) {
      expect(await errorOf({ status })).toMatchObject({ status, hint: expect.stringMatching(/\w{3}/) as string });
    }
  });

  test("holds no control characters, no query of an address and little of a long answer", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), async (code, text) => {
        const message = `\u001b[31m${text} https://storage.example/blob?signature=hunter2 ${"x".repeat(1000)}`;
        const error = await errorOf({ status: 400, body: wire(code, message) });
        expect(hasControlCharacters(error?.message ?? "")).toBe(false);
        expect(error?.message).not.toContain("hunter2");
        expect(error?.message.length).toBeLessThan(700);
      }),
    );
  });

  test("is made of the beginning of an endless answer", async () => {
    let sent = 0;
    const endless = new Readable({
      read() {
        sent += 1;
        this.push(Buffer.alloc(16 * 1024, "x"));
      },
    });
    expect(await errorOf({ status: 404, body: endless })).toMatchObject({ code: "not-found" });
    expect(sent).toBeLessThan(50);
    expect(endless.destroyed).toBe(true);
  });

  test("is made without the rest of an answer that breaks off", async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error("reset"));
      },
    });
    expect(await errorOf({ status: 403, body: broken })).toMatchObject({ code: "denied" });
  });

  test("takes members called __proto__ for what they are", async () => {
    const body = '{"__proto__":{"errors":[{"code":"NAME_UNKNOWN"}]}}';
    expect(await errorOf({ status: 400, body })).toMatchObject({ code: "protocol" });
  });
});
