import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { ImagesyncError } from "../../../engine/errors.ts";
import { deferred, gone, json, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

describe("a stop", () => {
  test("before the start sends nothing", async () => {
    await using server = await startServer((_, response) => response.end());
    await using http = testClient({ plain: [server.host] });
    await expect(http.send(server.host, "/v2/", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
      operation: "get manifest",
    });
    expect(server.requests).toHaveLength(0);
  });

  test("while the answer is awaited ends the request and its connection", async () => {
    const asked = deferred();
    await using server = await startServer(() => asked.resolve());
    await using http = testClient({ plain: [server.host] });
    const stop = new AbortController();
    const sending = http.send(server.host, "/v2/", { signal: stop.signal });
    await asked.promise;
    stop.abort();
    await expect(sending).rejects.toMatchObject({ code: "aborted" });
    await gone(server.requests[0]);
  });

  test("in the middle of a streamed body ends it with an error and closes the connection", async () => {
    await using server = await startServer((_, response) =>
      response.writeHead(200, { "content-length": "1000000" }).write("x".repeat(1000)),
    );
    await using http = testClient({ plain: [server.host] });
    const stop = new AbortController();
    const { body } = await http.send(server.host, "/blob", { kind: "blob", signal: stop.signal });
    await once(body, "readable");
    const failed = once(body, "error");
    stop.abort();
    expect((await failed)[0]).toMatchObject({ code: "aborted" });
    await gone(server.requests[0]);
  });

  test("in a pause between attempts ends it", async () => {
    await using server = await startServer((_, response) => json(response, 503, {}, { "retry-after": "100" }));
    const stop = new AbortController();
    await using http = testClient({ plain: [server.host], onEvent: ({ kind }) => kind === "retry" && stop.abort() });
    await expect(http.send(server.host, "/v2/", { signal: stop.signal })).rejects.toMatchObject({ code: "aborted" });
  });

  test("while others hold all connections leaves the queue", async () => {
    const asked = deferred();
    await using server = await startServer(() => asked.resolve());
    await using http = testClient({ registries: [{ address: server.host, plainHttp: true, maxConnections: 1 }] });
    const first = http.send(server.host, "/1").catch((error: unknown) => error);
    await asked.promise;
    const stop = new AbortController();
    const second = http.send(server.host, "/2", { signal: stop.signal });
    stop.abort();
    await expect(second).rejects.toMatchObject({ code: "aborted" });
    await http.client.close();
    expect(await first).toMatchObject({ code: "aborted" });
    expect(server.requests).toHaveLength(1);
  });

  test("by a deadline is a timeout", async () => {
    await using server = await startServer(() => {});
    await using http = testClient({ plain: [server.host] });
    await expect(http.send(server.host, "/v2/", { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      code: "timeout",
    });
  });

  test("with the error of another request as its reason does not look like that error", async () => {
    await using server = await startServer(() => {});
    await using http = testClient({ plain: [server.host] });
    const stop = new AbortController();
    const sending = http.send(server.host, "/v2/", { signal: stop.signal });
    const reason = new ImagesyncError({ code: "not-found", operation: "get blob", message: "Blob is not there" });
    stop.abort(reason);
    await expect(sending).rejects.toMatchObject({ code: "aborted", cause: reason });
  });

  test("leaves no listener on the signal behind, nor does success", async () => {
    await using server = await startServer((_, response) => response.end("ok"));
    await using http = testClient({ plain: [server.host] });
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    for (const kind of ["control", "blob"] as const) {
      const { body } = await http.send(server.host, "/v2/", { kind, signal });
      await body
        .resume()
        .toArray()
        .catch(() => {});
      if (!body.closed) await once(body, "close");
    }
    expect(listeners).toBe(0);
  });
});

describe("close", () => {
  test("stops everything that runs, also a token that is being fetched, and refuses what comes later", async () => {
    const asked = deferred();
    await using server = await startServer((request, response) => {
      if (request.url.startsWith("/token")) return asked.resolve();
      return json(response, 401, {}, { "www-authenticate": `Bearer realm="/token"` });
    });
    await using http = testClient({ plain: [server.host] });
    const sending = http.send(server.host, "/v2/");
    await asked.promise;
    const closed = http.client.close();
    await expect(sending).rejects.toMatchObject({ code: "aborted" });
    await Promise.all([closed, gone(server.requests.at(-1))]);
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({ code: "aborted" });
    expect(server.requests).toHaveLength(2);
  });
});
