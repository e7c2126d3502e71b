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
