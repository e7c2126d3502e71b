import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startRegistry, type RunningRegistry } from "../../embedded-registry/index.ts";
import { fetchTree, imageKinds, push, treeOf } from "../support/images/index.ts";
import { digestOf, protocolSteps } from "../support/registries/protocol-steps.ts";

let outside: string;
let directory: string;
let registry: RunningRegistry;

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), "imagesync-disk-"));
  directory = join(outside, "registry", "data");
  registry = await startRegistry({ storage: { directory } });
});

afterEach(async () => {
  await registry.close();
  await rm(outside, { recursive: true });
});

async function restart(): Promise<void> {
  await registry.close();
  registry = await startRegistry({ storage: { directory } });
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1));
}

test("a directory that holds something else, such as an OCI layout, is refused and stays as it is", async () => {
  const layout = join(outside, "layout");
  const blob = join(layout, "blobs", "sha256", "0".repeat(64));
  await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
  await mkdir(join(layout, "staging"));
  for (const file of [blob, join(layout, "index.json"), join(layout, "staging", "mine")]) await writeFile(file, "{}");
  await expect(startRegistry({ storage: { directory: layout } })).rejects.toThrow(
    'has "index.json", which is not a registry\'s',
  );
  expect(await filesBelow(layout)).toHaveLength(3);
});

test("images, tags and referrers survive a restart", async () => {
  for (const [position, kind] of imageKinds.entries()) {
    await push(kind.build(), { host: registry.host, repository: `kinds/${position}`, tag: "Tag_1.0" });
  }
  const here = protocolSteps(registry.url, "referred");
  const subject = await here.image("subject");
  const referrer = JSON.stringify({ schemaVersion: 2, config: await here.blob("{}"), layers: [], subject });
  await here.manifest(digestOf(referrer), referrer);

  await restart();
  for (const [position, kind] of imageKinds.entries()) {
    expect(await fetchTree(registry, `kinds/${position}`, "Tag_1.0")).toEqual(treeOf(kind.build()));
  }
  const again = protocolSteps(registry.url, "referred");
  expect((await again.ask("GET", "tags/list")).text).toBe(`{"name":"referred","tags":["subject"]}`);
  expect((await again.ask("GET", `referrers/${subject.digest}`)).text).toContain(digestOf(referrer));
});

test("what was deleted stays deleted, and a restart frees the bytes that nobody names", async () => {
  const here = protocolSteps(registry.url, "a");
  const neighbour = protocolSteps(registry.url, "b");
  const { digest } = await here.image("tag", "same");
  await neighbour.blob("layer of same");
  await here.ask("DELETE", `manifests/${digest}`);
  await here.ask("DELETE", `blobs/${digestOf("layer of same")}`);
  await here.ask("DELETE", `blobs/${digestOf(`{"text":"same"}`)}`);

  await restart();
  expect(await filesBelow(join(directory, "blobs"))).toEqual([join(...digestOf("layer of same").split(":"))]);
  expect((await protocolSteps(registry.url, "b").ask("GET", `blobs/${digestOf("layer of same")}`)).text).toBe(
    "layer of same",
  );
  expect((await protocolSteps(registry.url, "a").ask("GET", "tags/list")).text).toBe(`{"name":"a","tags":[]}`);
});

test("equal blobs of many repositories lie on the disk once, readable by name", async () => {
  for (const name of ["a", "b", "c/d"]) await protocolSteps(registry.url, name).blob("content");
  const path = join(directory, "blobs", ...digestOf("content").split(":"));
  expect(await filesBelow(join(directory, "blobs"))).toHaveLength(1);
  expect(await readFile(path, "utf8")).toBe("content");
});

test("a repository may lie inside another", async () => {
  await protocolSteps(registry.url, "a/b").image("inner");
  expect((await protocolSteps(registry.url, "a").ask("GET", "tags/list")).code).toBe("NAME_UNKNOWN");
  await protocolSteps(registry.url, "a").image("outer");
  expect((await protocolSteps(registry.url, "a").ask("GET", "tags/list")).text).toBe(`{"name":"a","tags":["outer"]}`);
});

test("a tag may look like a digest with a dash", async () => {
  const here = protocolSteps(registry.url, "a");
  const tag = digestOf("x").replace(":", "-");
  await here.image(tag);
  expect((await here.ask("GET", "tags/list")).text).toBe(`{"name":"a","tags":["${tag}"]}`);
});

test("what a killed process left unfinished is cleared away at the next start", async () => {
  await registry.close();
  await mkdir(join(directory, "staging"), { recursive: true });
  await writeFile(join(directory, "staging", "half"), "an upload");
  registry = await startRegistry({ storage: { directory } });
  expect(await readdir(join(directory, "staging"))).toEqual([]);
});

test.each([
  "/v2/../../secret/manifests/tag",
  "/v2/..%2f..%2fsecret/manifests/tag",
  "/v2/a/manifests/..%2f..%2fsecret",
  "/v2/a/manifests/..",
  "/v2/a/blobs/sha256:..%2f..%2f..%2f..%2fsecret",
  "/v2/a/blobs/..%2f..%2fsecret",
  "/v2/a/blobs/uploads/..%2f..%2f..%2fsecret",
  "/v2/a/referrers/..%2f..%2fsecret",
  "/v2/_manifests/tags/list",
  "/v2/a/_tags/tags/list",
  "/v2/a%00/tags/list",
])("nothing outside is read, written or deleted by %s", async (path) => {
  await writeFile(join(outside, "secret"), "the secret");
  await protocolSteps(registry.url, "a").image("tag");
  const before = (await filesBelow(outside)).toSorted();
  const anywhere = protocolSteps(registry.url, "a");
  for (const method of ["GET", "PUT", "PATCH", "DELETE", "POST"]) {
    const answer = await anywhere.ask(method, path, { body: "{}", headers: { Accept: "*/*", "Content-Type": "a/b" } });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toContain("the secret");
  }
  expect((await filesBelow(outside)).toSorted()).toEqual(before);
});

test("a directory that cannot be used fails the start", async () => {
  await writeFile(join(outside, "file"), "");
  await expect(startRegistry({ storage: { directory: join(outside, "file") } })).rejects.toThrow(/ENOTDIR|EEXIST/);
});
