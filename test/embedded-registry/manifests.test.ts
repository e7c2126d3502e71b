import { connect } from "node:net";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { startRegistry, type RegistryOptions, type RunningRegistry } from "../../embedded-registry/index.ts";
import {
  imageOf,
  OCI_IMAGE,
  OCI_INDEX,
  protocolSteps,
  type ProtocolSteps,
} from "../support/registries/protocol-steps.ts";

const UNKNOWN = `sha256:${"0".repeat(64)}`;
let registry: RunningRegistry;

async function start(options: RegistryOptions = {}): Promise<ProtocolSteps> {
  registry = await startRegistry(options);
  return protocolSteps(registry.url, "a/b");
}

afterEach(() => registry.close());

test("a sparse index is kept where it is allowed", async () => {
  const here = await start({ allowSparseIndex: true });
  const child = { mediaType: OCI_IMAGE, digest: UNKNOWN, size: 3 };
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] };
  expect((await here.manifest("tag", index, OCI_INDEX)).status).toBe(201);
});

test("a sparse index does not let missing layers through", async () => {
  const here = await start({ allowSparseIndex: true });
  const config = await here.blob("{}");
  expect((await here.manifest("tag", imageOf(config, [{ ...config, digest: UNKNOWN }]))).code).toBe(
    "MANIFEST_BLOB_UNKNOWN",
  );
});

test("wrong sizes are let through where they are not verified", async () => {
  const here = await start({ verifySizes: false });
  const config = await here.blob("{}");
  expect((await here.manifest("tag", imageOf(config, [{ ...config, size: 99 }]))).status).toBe(201);
});

test("the limit of a manifest is exact", async () => {
  const here = await start({ maxManifestBytes: 1000 });
  const document = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
  expect((await here.manifest("tag", document.padEnd(1000), OCI_INDEX)).status).toBe(201);
  expect((await here.manifest("tag", document.padEnd(1001), OCI_INDEX)).status).toBe(413);
});

test("a manifest of unknown length is refused when it passes the limit, not when it ends", async () => {
  await start({ maxManifestBytes: 1000 });
  const socket = connect(Number(new URL(registry.url).port), "127.0.0.1");
  const chunk = `800\r\n${"x".repeat(0x800)}\r\n`;
  socket.write(
    `PUT /v2/a/manifests/tag HTTP/1.1\r\nHost: x\r\nContent-Type: ${OCI_INDEX}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  expect(answer.toString()).toMatch(/^HTTP\/1.1 413 /);
});

test("a push without a usable Content-Type is refused", async () => {
  const here = await start();
  for (const type of ["", "json", "a/b c", "/", "application/x\u0001y"]) {
    const headers: Record<string, string> = type === "" || type.includes("\u0001") ? {} : { "Content-Type": type };
    const answer = await here.ask("PUT", "manifests/tag", { body: "{}", headers });
    expect([answer.status, answer.code]).toEqual([400, "MANIFEST_INVALID"]);
  }
});

test("parameters of the Content-Type do not count", async () => {
  const here = await start();
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };
  expect((await here.manifest("tag", index, `${OCI_INDEX}; charset=utf-8`)).status).toBe(201);
  expect((await here.read("tag")).headers["content-type"]).toBe(OCI_INDEX);
});

test.each(["*/*", "application/*", `text/html, ${OCI_INDEX};q=0.5`])(
  "an Accept of %s takes the manifest",
  async (Accept) => {
    const here = await start();
    await here.manifest("tag", { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }, OCI_INDEX);
    expect((await here.ask("GET", "manifests/tag", { headers: { Accept } })).status).toBe(200);
  },
);

test.each([".tag", "-tag", "a%20b", "a%0a", "x".repeat(129)])("%s is no tag to push to", async (tag) => {
  const here = await start();
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] };
  expect((await here.manifest(tag, index, OCI_INDEX)).code).toBe("TAG_INVALID");
  expect((await here.ask("GET", "tags/list")).code).toBe("NAME_UNKNOWN");
});

test("a registry without tag deletion says so and deletes nothing", async () => {
  const here = await start({ tagDelete: false });
  const { digest } = await here.image("tag");
  const answer = await here.ask("DELETE", "manifests/tag");
  expect([answer.status, answer.code]).toEqual([400, "UNSUPPORTED"]);
  expect((await here.read("tag")).status).toBe(200);
  expect((await here.ask("DELETE", `manifests/${digest}`)).status).toBe(202);
});

test("a read-only registry refuses everything that writes", async () => {
  const here = await start({ readOnly: true });
  const writes = [
    here.ask("POST", "blobs/uploads/"),
    here.manifest("tag", {}),
    here.ask("DELETE", "manifests/tag"),
    here.ask("DELETE", `blobs/${UNKNOWN}`),
  ];
  expect((await Promise.all(writes)).map((answer) => answer.status)).toEqual([405, 405, 405, 405]);
  expect((await here.ask("GET", "tags/list")).status).toBe(404);
  expect(registry.openUploads()).toBe(0);
});

test("a registry without the referrers API does not claim to know subjects", async () => {
  const here = await start({ referrersApi: false });
  const subject = await here.image("tag");
  const put = await here.manifest("referrer", imageOf(await here.blob("{}"), [], { subject }));
  expect([put.status, put.headers["oci-subject"]]).toEqual([201, undefined]);
  expect((await here.ask("GET", `referrers/${subject.digest}`)).status).toBe(404);
});

test("pages of tags are no longer than the registry allows", async () => {
  const here = await start({ maxTagsPerPage: 2 });
  for (const tag of ["a", "b", "c"]) await here.image(tag);
  const whole = await here.ask("GET", "tags/list");
  expect(JSON.parse(whole.text)).toEqual({ name: "a/b", tags: ["a", "b"] });
  expect(whole.headers["link"]).toBe('</v2/a/b/tags/list?n=2&last=b>; rel="next"');
  expect(JSON.parse((await here.ask("GET", "tags/list?n=9&last=b")).text)).toEqual({ name: "a/b", tags: ["c"] });
  expect(JSON.parse((await here.ask("GET", "tags/list?n=0")).text)).toEqual({ name: "a/b", tags: [] });
  for (const n of ["-1", "x", "1e3", "", "9999999999"]) {
    expect((await here.ask("GET", `tags/list?n=${n}`)).code).toBe("PAGINATION_NUMBER_INVALID");
  }
});

test("a method that an address does not have is refused with those it has", async () => {
  const here = await start();
  const answer = await here.ask("POST", "manifests/tag");
  expect([answer.status, answer.headers["allow"]]).toEqual([405, "GET, HEAD, PUT, DELETE"]);
  expect((await here.ask("PUT", "blobs/uploads/")).status).toBe(405);
  expect((await here.ask("POST", "blobs/uploads/some-id")).status).toBe(405);
});
