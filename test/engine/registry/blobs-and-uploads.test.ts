import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../engine/oci/digest.ts";
import { failureOf } from "../failure.ts";
import { scriptedRepository } from "./scripted-repository.ts";

const bytes = Buffer.from("content");
const digest = digestOf(bytes);
const blob = { mediaType: "application/octet-stream", digest, size: bytes.length };
const body = { bytes: bytes.length, open: () => bytes, repeatable: true };
const session = { location: "https://r.example/v2/team/app/blobs/uploads/1" };

describe("whether a blob is there", () => {
  test.each([
    [200, true],
    [404, false],
  ])("%i means %s", async (status, there) => {
    const { repository, requests } = scriptedRepository({ status });
    expect(await repository.blobs.has(digest)).toBe(there);
    expect(requests).toMatchObject([{ method: "HEAD", url: `/v2/team/app/blobs/${digest}` }]);
  });

  test.each([401, 403, 405, 429, 500, 503])("%i is no answer to that", async (status) => {
    const { repository } = scriptedRepository({ status });
    const error = await failureOf(() => repository.blobs.has(digest));
    expect(error).toBeDefined();
    expect(error?.code).not.toBe("not-found");
  });
});

test("a blob whose announced length is wrong is not read, and its body is closed", async () => {
  for (const length of ["0", "8", "6", "-1", "7.5", "seven", ""]) {
    const stream = Readable.from([bytes], { objectMode: false });
    const { repository } = scriptedRepository({ status: 200, headers: { "content-length": length }, body: stream });
    expect(await failureOf(() => repository.blobs.open(blob))).toMatchObject({ code: "size-mismatch" });
    expect(stream.destroyed).toBe(true);
  }
});

describe("the address of an upload", () => {
  test.each([
    ["/v2/team/app/blobs/uploads/1", "https://r.example/v2/team/app/blobs/uploads/1"],
    ["/v2/team/app/blobs/uploads/1?_state=a%2Bb&x=", "https://r.example/v2/team/app/blobs/uploads/1?_state=a%2Bb&x="],
    ["https://storage.example/u/1", "https://storage.example/u/1"],
    ["//storage.example/u/1", "https://storage.example/u/1"],
    ["1", "https://r.example/v2/team/app/blobs/uploads/1"],
    ["?state=2", "https://r.example/v2/team/app/blobs/uploads/?state=2"],
  ])("%s resolves to %s", async (location, address) => {
    const { repository } = scriptedRepository({ status: 202, headers: { location } });
    expect(await repository.uploads.start()).toEqual({ location: address });
  });

  test("is that of the host which answered, after redirects", async () => {
    const url = "https://behind.example/v2/team/app/blobs/uploads/";
    const { repository } = scriptedRepository({ status: 202, headers: { location: "/u/1" }, url });
    expect(await repository.uploads.start()).toEqual({ location: "https://behind.example/u/1" });
  });

  test.each([undefined, "http://[", "https://r.example:99999/"])(
    "that is %j is an error of the registry",
    async (location) => {
      const { repository } = scriptedRepository({
        status: 202,
        ...(location === undefined ? {} : { headers: { location } }),
      });
      expect(await failureOf(() => repository.uploads.start())).toMatchObject({ code: "protocol" });
    },
  );

  test.each([
    ["https://r.example/u/1", "https://r.example/u/1?digest="],
    ["https://r.example/u/1?_state=a%2Bb", "https://r.example/u/1?_state=a%2Bb&digest="],
  ])("%s keeps its state when the digest is added", async (location, address) => {
    const { repository, requests } = scriptedRepository({ status: 201 });
    await repository.uploads.put({ location }, digest, body);
    expect(requests[0]).toMatchObject({ method: "PUT", url: `${address}${encodeURIComponent(digest)}`, body });
  });
});

describe("a mount", () => {
  test("that is answered with 201 is done", async () => {
    const { repository, requests } = scriptedRepository({ status: 201 });
    expect(await repository.uploads.mount(digest, "other/app")).toBe("mounted");
    expect(requests).toMatchObject([
      {
        method: "POST",
        url: `/v2/team/app/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=other%2Fapp`,
        access: [
          { repository: "team/app", actions: ["pull", "push"] },
          { repository: "other/app", actions: ["pull"] },
        ],
      },
    ]);
  });

  test("that is answered with 202 is an upload", async () => {
    const { repository } = scriptedRepository({ status: 202, headers: { location: "/u/1" } });
    expect(await repository.uploads.mount(digest, "other/app")).toEqual({ location: "https://r.example/u/1" });
  });

  test.each([400, 401, 403, 404, 405, 500])(
    "that is answered with %i is followed by a plain upload",
    async (status) => {
      const { repository, requests } = scriptedRepository({ status }, { status: 202, headers: { location: "/u/1" } });
      expect(await repository.uploads.mount(digest, "other/app")).toEqual({
        location: "https://r.example/u/1",
        mountRefused: status,
      });
      expect(requests.map(({ url }) => url)[1]).toBe("/v2/team/app/blobs/uploads/");
    },
  );

  test("from the repository itself asks for no second permission", async () => {
    const { repository, requests } = scriptedRepository({ status: 201 });
    await repository.uploads.mount(digest, "team/app");
    expect(requests[0]?.access).toEqual([{ repository: "team/app", actions: ["pull", "push"] }]);
  });
});

describe("the end of an upload", () => {
  test.each([201, 204])("is a success with %i", async (status) => {
    await scriptedRepository({ status }).repository.uploads.put(session, digest, body);
    const named = scriptedRepository({ status, headers: { "docker-content-digest": digest } });
    await named.repository.uploads.put(session, digest, body);
    expect(named.requests).toHaveLength(1);
  });

  test.each([
    [200, "protocol"],
    [202, "protocol"],
    [400, "protocol"],
    [403, "denied"],
    [404, "unavailable"],
    [413, "limit"],
  ])("is none with %i", async (status, code) => {
    const { repository } = scriptedRepository({ status });
    expect(await failureOf(() => repository.uploads.put(session, digest, body))).toMatchObject({ code });
  });

  test("is none when the registry names other content, unless in an algorithm that cannot be compared", async () => {
    const said = (text: string): Promise<unknown> => {
      const { repository } = scriptedRepository({ status: 201, headers: { "docker-content-digest": text } });
      return failureOf(() => repository.uploads.put(session, digest, body));
    };
    expect(await said(digestOf(Buffer.from("other")))).toMatchObject({ code: "digest-mismatch" });
    expect(await said(digestOf(bytes, "sha512"))).toBeUndefined();
  });
});

test.each([204, 202, 404, 405, 500])("giving an upload back never fails: %i", async (status) => {
  const { repository, requests } = scriptedRepository({ status });
  await repository.uploads.cancel(session);
  expect(requests).toMatchObject([{ method: "DELETE", url: session.location }]);
});
