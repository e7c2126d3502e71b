import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { gone, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";

/** Errors that nobody has handled: outside of a test runner they end the process. */
function unhandled(): unknown[] {
  const seen: unknown[] = [];
  const listener = (error: unknown): void => void seen.push(error);
  process.prependListener("uncaughtException", listener);
  onTestFinished(() => void process.removeListener("uncaughtException", listener));
  return seen;
}

async function closed(body: Readable): Promise<void> {
  if (!body.closed) await new Promise<void>((resolve) => void body.once("close", resolve));
}

test("a stop while nobody reads the body yet tells who reads it later, and does not end the process", async () => {
  const errors = unhandled();
  await using server = await startServer((_, response) =>
    response.writeHead(200, { "content-length": "1000000" }).write("x".repeat(1000)),
  );
  await using http = testClient({ plain: [server.host] });
  const stop = new AbortController();
  const { body } = await http.send(server.host, "/blob", { kind: "blob", signal: stop.signal });
  stop.abort();
  await closed(body);
  await expect(buffer(body)).rejects.toMatchObject({ code: "aborted" });
  await gone(server.requests[0]);
  expect(errors).toEqual([]);
});

test("so does a connection that breaks then", async () => {
  const errors = unhandled();
  await using server = await startServer((_, response) => {
    response.writeHead(200, { "content-length": "1000000" }).write("x".repeat(1000), () => response.destroy());
  });
  await using http = testClient({ plain: [server.host] });
  const { body } = await http.send(server.host, "/blob", { kind: "blob" });
  await closed(body);
  await expect(buffer(body)).rejects.toMatchObject({ code: "unavailable" });
  expect(errors).toEqual([]);
});
