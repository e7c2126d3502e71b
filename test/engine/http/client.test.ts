import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { json, startServer } from "./scripted-server.ts";
import { bodyOf, testClient } from "./test-client.ts";

test("a request reaches the registry with its headers, and its answer comes back whole", async () => {
  await using server = await startServer((_, response) => json(response, 200, { tags: ["a"] }, { link: "</next>" }));
  await using http = testClient({ plain: [server.host] });
  const response = await http.send(server.host, "/v2/app/tags/list?n=5", { headers: { Accept: "application/json" } });
  expect(response).toMatchObject({ status: 200, attempts: 1, url: `${server.url}/v2/app/tags/list?n=5` });
  expect(response.headers.get("link")).toBe("</next>");
  expect(JSON.parse(await bodyOf(response))).toEqual({ tags: ["a"] });
  expect(server.requests[0]).toMatchObject({
    method: "GET",
    url: "/v2/app/tags/list?n=5",
    headers: { accept: "application/json", "accept-encoding": "identity", "user-agent": "imagesync/test" },
  });
});

test("300 HEADs share one kept connection each, none is closed after its answer", async () => {
  await using server = await startServer((_, response) => response.writeHead(200, { "content-length": "5" }).end());
  await using http = testClient({ registries: [{ address: server.host, plainHttp: true, maxConnections: 4 }] });
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const response = await http.send(server.host, `/v2/app/manifests/${index}`, { method: "HEAD" });
      expect(response.headers.get("content-length")).toBe("5");
    }),
  );
  expect(server.requests).toHaveLength(300);
  expect(server.connections()).toBe(4);
});

test.each(["HEAD", "GET", "POST", "PUT", "DELETE"] as const)(
  "a sequence of %s needs no second connection",
  async (method) => {
    await using server = await startServer((_, response) => response.end(method === "HEAD" ? undefined : "answer"));
    await using http = testClient({ plain: [server.host] });
    const body = method === "PUT" ? { bytes: 3, repeatable: true, open: () => Buffer.from("abc") } : undefined;
    for (let index = 0; index < 10; index += 1) await http.send(server.host, "/v2/", { method, body });
    expect(server.connections()).toBe(1);
  },
);

test("downloads and uploads one after another need no second connection", async () => {
  await using server = await startServer((request, response) =>
    request.method === "GET" ? response.end(Buffer.alloc(300_000)) : response.writeHead(201).end(),
  );
  await using http = testClient({ plain: [server.host] });
  for (let index = 0; index < 5; index += 1) {
    const { body } = await http.send(server.host, "/v2/", { kind: "blob" });
    expect(Buffer.concat((await body.toArray()) as Buffer[])).toHaveLength(300_000);
    const open = () => Readable.from([Buffer.alloc(100_000)]);
    await http.send(server.host, "/v2/", {
      kind: "blob",
      method: "PUT",
      body: { bytes: 100_000, repeatable: false, open },
    });
  }
  expect(server.connections()).toBe(1);
});
