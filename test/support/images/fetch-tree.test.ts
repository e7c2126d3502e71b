import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Endpoint, type TestManifest, buildImage, buildIndex, fetchTree, imageKinds, treeOf } from "./index.ts";

type Answer = { readonly body: Buffer; readonly headers: Record<string, string> };

const servers: http.Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A registry that holds one image, and lies where the test makes it. */
async function serve(
  image: TestManifest,
  spoil?: (path: string, answer: Answer) => Answer | undefined,
): Promise<Endpoint> {
  const answers = new Map<string, Answer>();
  const add = (manifest: TestManifest): void => {
    const headers = { "content-type": manifest.mediaType, "docker-content-digest": manifest.digest };
    answers.set(`/v2/app/manifests/${manifest.digest}`, { body: manifest.bytes, headers });
    for (const blob of manifest.blobs) {
      answers.set(`/v2/app/blobs/${blob.digest}`, { body: Buffer.concat([...blob.open()]), headers: {} });
    }
    manifest.children.forEach(add);
  };
  add(image);
  const top = answers.get(`/v2/app/manifests/${image.digest}`);
  if (top !== undefined) answers.set("/v2/app/manifests/1", top);
  const server = http.createServer((request, response) => {
    const path = request.url ?? "";
    const honest = answers.get(path);
    const answer = honest === undefined ? undefined : spoil === undefined ? honest : spoil(path, honest);
    response.writeHead(answer === undefined ? 404 : 200, answer?.headers).end(answer?.body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const small = buildImage({ seed: "small", layers: [3000, 2000] });
const index = buildIndex({ children: [small] });

describe("reading an image back", () => {
  test.each(imageKinds)("finds all of: $name", async (kind) => {
    const image = kind.build();
    expect(await fetchTree(await serve(image), "app", "1")).toEqual(treeOf(image));
  });

  test("fails when the bytes of a layer differ", async () => {
    const registry = await serve(small, (path, answer) =>
      path.includes("/blobs/") ? { ...answer, body: Buffer.from(answer.body).fill(0, 0, 1) } : answer,
    );
    await expect(fetchTree(registry, "app", "1")).rejects.toThrow(/digest of a blob/);
  });

  test("fails when a layer is cut short", async () => {
    const registry = await serve(small, (path, answer) =>
      path.includes("/blobs/") ? { ...answer, body: answer.body.subarray(1) } : answer,
    );
    await expect(fetchTree(registry, "app", "1")).rejects.toThrow(/digest of a blob/);
  });

  test("fails when a layer is missing", async () => {
    const registry = await serve(small, (path, answer) => (path.includes("/blobs/") ? undefined : answer));
    await expect(fetchTree(registry, "app", "1")).rejects.toThrow(/404/);
  });

  test("fails when a child is missing", async () => {
    const registry = await serve(index, (path, answer) => (path.endsWith(small.digest) ? undefined : answer));
    await expect(fetchTree(registry, "app", "1")).rejects.toThrow(/404/);
  });

  test("fails when a child was written again by a parser", async () => {
    const registry = await serve(index, (path, answer) =>
      path.endsWith(small.digest)
        ? { ...answer, body: Buffer.from(JSON.stringify(JSON.parse(String(answer.body)))) }
        : answer,
    );
    await expect(fetchTree(registry, "app", "1")).rejects.toThrow(/Docker-Content-Digest|digest of app@/);
  });

  test("fails when a manifest is served under another type", async () => {
    const registry = await serve(index, (path, answer) =>
      path.endsWith(small.digest)
        ? { ...answer, headers: { ...answer.headers, "content-type": "application/json" } }
        : answer,
    );
    await expect(fetchTree(registry, "app", "1")).rejects.toThrow(/type of sha256/);
  });

  test("fails when the registry names another digest than that of the bytes", async () => {
    const registry = await serve(small, (_path, answer) => ({
      ...answer,
      headers: { ...answer.headers, "docker-content-digest": index.digest },
    }));
    await expect(fetchTree(registry, "app", "1")).rejects.toThrow(/Docker-Content-Digest/);
  });
});
