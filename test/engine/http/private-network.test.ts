import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import type { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { type Script, startServer } from "./scripted-server.ts";
import { bodyOf, testClient, type TestClient } from "./test-client.ts";

/** Resolves every name to this machine, as a hostile name server outside would. */
const toLoopback: LookupFunction = (_, options, callback) =>
  options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);

/**
 * A registry in the public network: it is reached through a proxy (which knows it under that name), so this machine
 * never sees an address of it. What is not behind the proxy is reached directly.
 */
async function publicRegistry(
  script: Script,
): Promise<AsyncDisposable & { readonly proxy: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const registry: Server = createServer((message, response) => {
    asked.push(message.url ?? "");
    void script(
      {
        method: message.method ?? "",
        url: message.url ?? "",
        headers: message.headers,
        body: Buffer.alloc(0),
        message,
      },
      response,
    );
  });
  const sockets = new Set<Duplex>();
  const proxy = createServer((message, response) => {
    // The first line of a request to a proxy has the whole URL; the registry behind it sees the path.
    message.url = (message.url ?? "").replace(/^http:\/\/[^/]+/, "");
    registry.emit("request", message, response);
  }).on("connect", (_, socket: Duplex) => {
    sockets.add(socket);
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    registry.emit("connection", socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    proxy: `http://user:proxy-Canary@127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}

function clientBehind(proxy: string, configured: readonly string[] = []): TestClient {
  return testClient({
    registries: [
      { address: "r.example", plainHttp: true },
      ...configured.map((address) => ({ address, plainHttp: true })),
    ],
    environment: { HTTP_PROXY: proxy, NO_PROXY: "127.0.0.1,internal.example" },
    lookup: toLoopback,
  });
}

test("a registry is reached through the proxy of the environment, unless NO_PROXY names it", async () => {
  await using direct = await startServer((_, response) => response.end("direct"));
  await using registry = await publicRegistry((_, response) => response.end("proxied"));
  await using http = clientBehind(registry.proxy, [`internal.example:${direct.port}`]);
  expect(await bodyOf(await http.send("r.example", "/v2/"))).toBe("proxied");
  expect(await bodyOf(await http.send(`internal.example:${direct.port}`, "/v2/"))).toBe("direct");
  expect(http.client.redactor.redact("the password is proxy-Canary")).toBe("the password is ***");
});

test.each([
  ["an address", (port: number) => `http://127.0.0.1:${port}/`],
  ["an address in disguise", (port: number) => `http://0x7f000001:${port}/`],
  ["an address of version 6", (port: number) => `http://[::ffff:127.0.0.1]:${port}/`],
  ["localhost", (port: number) => `http://localhost:${port}/`],
  ["cloud metadata", () => "http://169.254.169.254/latest/meta-data/"],
  ["a name that resolves to a private address", (port: number) => `http://internal.example:${port}/`],
])("a public registry cannot redirect to %s", async (_, location) => {
  await using inside = await startServer((_, response) => response.end("secret of the inside"));
  await using registry = await publicRegistry((_, response) =>
    response.writeHead(307, { location: location(inside.port) }).end(),
  );
  await using http = clientBehind(registry.proxy);
  await expect(http.send("r.example", "/v2/")).rejects.toMatchObject({ code: "redirect-refused" });
  await expect(http.send("r.example", location(inside.port), { method: "PUT" })).rejects.toMatchObject({
    code: "redirect-refused",
  });
  expect(inside.requests).toHaveLength(0);
});

test("a public registry cannot send logins to a private token server", async () => {
  await using inside = await startServer((_, response) => response.end(`{"token": "x"}`));
  for (const realm of [`http://127.0.0.1:${inside.port}/token`, `http://internal.example:${inside.port}/token`]) {
    await using registry = await publicRegistry((_, response) =>
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end(),
    );
    await using http = clientBehind(registry.proxy);
    await expect(http.send("r.example", "/v2/")).rejects.toMatchObject({ code: "redirect-refused" });
  }
  expect(inside.requests).toHaveLength(0);
});

test("a private host that the user has configured may be redirected to", async () => {
  await using inside = await startServer((_, response) => response.end("storage"));
  await using registry = await publicRegistry((_, response) => response.writeHead(307, { location: inside.url }).end());
  await using http = clientBehind(registry.proxy, [inside.host]);
  expect(await bodyOf(await http.send("r.example", "/v2/"))).toBe("storage");
});

test("a registry whose own name resolves to a private address may have private storage", async () => {
  await using inside = await startServer((_, response) => response.end("storage"));
  await using server = await startServer((request, response) =>
    response
      .writeHead(307, { location: request.url === "/literal" ? inside.url : `http://minio.corp:${inside.port}/` })
      .end(),
  );
  const registry = `registry.corp:${server.port}`;
  await using http = testClient({ plain: [registry], lookup: toLoopback });
  expect(await bodyOf(await http.send(registry, "/literal"))).toBe("storage");
  expect(await bodyOf(await http.send(registry, "/name"))).toBe("storage");
});
