import { once } from "node:events";
import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";

import { afterEach, describe, expect, test } from "vitest";

import { createLogger } from "../../../provider-shim/log.ts";
import { createCertificate } from "../../../provider-shim/plugin/certificate.ts";
import { createGrpcServer, type GrpcMethod } from "../../../provider-shim/plugin/grpc.ts";
import { grpcCodes, GrpcError } from "../../../provider-shim/plugin/grpc-status.ts";
import { listen } from "../../../provider-shim/plugin/listen.ts";
import { startPlugin } from "../../../provider-shim/plugin/start.ts";
import { schemaType } from "../../../provider-shim/protocol/schema.ts";
import { decodeValue } from "../../../provider-shim/protocol/value-decode.ts";
import { encodeValue } from "../../../provider-shim/protocol/value-encode.ts";
import { objectValue } from "../../../provider-shim/protocol/value.ts";
import { decodeMessage, encodeMessage } from "../../../provider-shim/protocol/wire.ts";
import { clientFor, type TestClient } from "./grpc-client.ts";
import { toyProvider } from "./toy-provider.ts";

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A promise that is settled from outside. */
function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const echo: GrpcMethod = { kind: "unary", handle: (request) => Promise.resolve(request) };

async function serving(
  methods: Readonly<Record<string, GrpcMethod>>,
  options: { readonly maxMessageBytes?: number } = {},
): Promise<{ address: string; client: TestClient; drained: () => Promise<void> }> {
  const server = createGrpcServer({
    methods: new Map(Object.entries({ "/t.T/Echo": echo, ...methods })),
    redact: (text) => text.replaceAll("hunter2", "***"),
    ...options,
  });
  const listening = await listen(server.http);
  const client = clientFor(`unix:${listening.address}`);
  cleanUps.push(
    () => listening.cleanUp(),
    () => server.close(),
    () => client.close(),
  );
  return { address: listening.address, client, drained: () => server.drained() };
}

/** A connection below gRPC, for requests that no gRPC library would send. */
function rawSession(address: string): ClientHttp2Session {
  const session = connect("http://localhost", { createConnection: () => connectSocket(address) });
  session.on("error", () => undefined);
  cleanUps.push(() => session.destroy());
  return session;
}

/** The status of a request with the given body. */
async function rawStatus(
  address: string,
  chunks: readonly Uint8Array[],
  headers: Record<string, string> = {},
): Promise<string | string[] | undefined> {
  const stream = rawSession(address).request({
    ":method": "POST",
    ":path": "/t.T/Echo",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => undefined);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  const [response] = (await once(stream, "response")) as [IncomingHttpHeaders];
  if (response["grpc-status"] !== undefined) return response["grpc-status"];
  stream.resume();
  const [trailers] = (await once(stream, "trailers")) as [IncomingHttpHeaders];
  return trailers["grpc-status"];
}

function framed(length: number, body: Uint8Array, flag = 0): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(flag);
  header.writeUInt32BE(length, 1);
  return Buffer.concat([header, body]);
}

describe("a unary call", () => {
  test.each([0, 1, 5, 16_384, 3_000_000])("brings %i bytes there and back", async (size) => {
    const { client } = await serving({});
    const request = Buffer.alloc(size, 7);
    expect((await client.unary("/t.T/Echo", request)).equals(request)).toBe(true);
  });

  test("is answered when its message comes byte by byte", async () => {
    const { address } = await serving({});
    const bytes = [...framed(3, Buffer.from("abc"))].map((byte) => Buffer.from([byte]));
    expect(await rawStatus(address, bytes)).toBe("0");
  });

  test("of an unknown method is UNIMPLEMENTED", async () => {
    const { client } = await serving({});
    await expect(client.unary("/t.T/Nothing")).rejects.toMatchObject({
      code: 12,
      details: "Unknown method /t.T/Nothing",
    });
  });

  test("that throws is INTERNAL with its text, whatever the text contains, without secrets", async () => {
    const { client } = await serving({
      "/t.T/Fail": { kind: "unary", handle: () => Promise.reject(new Error("100% kaputt: ü\n🦀 hunter2")) },
    });
    await expect(client.unary("/t.T/Fail")).rejects.toMatchObject({ code: 13, details: "100% kaputt: ü\n🦀 ***" });
  });

  test("that fails on purpose has its own status", async () => {
    const { client } = await serving({
      "/t.T/Fail": { kind: "unary", handle: () => Promise.reject(new GrpcError(grpcCodes.notFound, "none")) },
    });
    await expect(client.unary("/t.T/Fail")).rejects.toMatchObject({ code: 5, details: "none" });
  });

  test("with a text of a megabyte as its error still reaches the client", async () => {
    const { client } = await serving({
      "/t.T/Fail": { kind: "unary", handle: () => Promise.reject(new Error("ü".repeat(1_000_000))) },
    });
    await expect(client.unary("/t.T/Fail")).rejects.toMatchObject({ code: 13 });
  });

  test("is aborted when the client cancels it", async () => {
    const cancel = new AbortController();
    const aborted = deferred<void>();
    const { client } = await serving({
      "/t.T/Wait": {
        kind: "unary",
        handle: (_request, signal) => {
          signal.addEventListener("abort", () => aborted.resolve(), { once: true });
          cancel.abort();
          return new Promise(() => undefined);
        },
      },
    });
    await expect(client.unary("/t.T/Wait", undefined, cancel.signal)).rejects.toMatchObject({ code: 1 });
    await aborted.promise;
    expect((await client.unary("/t.T/Echo", Buffer.from("alive"))).toString()).toBe("alive");
  });

  test("counts as running until its answer is sent", async () => {
    const release = deferred<Uint8Array>();
    const started = deferred<void>();
    const { client, drained } = await serving({
      "/t.T/Wait": {
        kind: "unary",
        handle: () => {
          started.resolve();
          return release.promise;
        },
      },
    });
    await drained();
    const order: string[] = [];
    const call = client.unary("/t.T/Wait");
    await started.promise;
    const done = drained().then(() => order.push("drained"));
    order.push("released");
    release.resolve(Buffer.from("x"));
    await Promise.all([call, done]);
    expect(order).toEqual(["released", "drained"]);
  });
});

describe("a hostile request is refused, and the next one served", () => {
  test.each<[string, string, Uint8Array[], Record<string, string>?]>([
    ["over the size limit, as soon as it says so", "8", [framed(1001, Buffer.alloc(10))]],
    ["of four gigabytes", "8", [framed(0xffff_ffff, Buffer.alloc(10))]],
    ["with the flag of compression", "12", [framed(3, Buffer.from("abc"), 1)]],
    ["without any message", "3", []],
    ["with half a header", "3", [Buffer.alloc(3)]],
    ["with less than it announced", "3", [framed(10, Buffer.alloc(9))]],
    ["with more than it announced", "3", [framed(2, Buffer.alloc(3))]],
    ["with two messages", "3", [framed(1, Buffer.alloc(1)), framed(1, Buffer.alloc(1))]],
    ["that is no gRPC", "13", [framed(0, Buffer.alloc(0))], { "content-type": "text/html" }],
    ["with another method", "13", [framed(0, Buffer.alloc(0))], { ":method": "PUT" }],
    ["for a name that objects inherit", "12", [framed(0, Buffer.alloc(0))], { ":path": "/__proto__" }],
  ])("%s", async (_what, status, chunks, headers) => {
    const { address, client } = await serving({}, { maxMessageBytes: 1000 });
    expect(await rawStatus(address, chunks, headers)).toBe(status);
    expect((await client.unary("/t.T/Echo", Buffer.from("alive"))).toString()).toBe("alive");
  });

  test("over the size limit, with words for the user", async () => {
    const { client } = await serving({}, { maxMessageBytes: 1000 });
    await expect(client.unary("/t.T/Echo", Buffer.alloc(2_000_000))).rejects.toMatchObject({
      code: 8,
      details: "The message has 2000000 bytes, more than the 1000 that the provider accepts",
    });
  });

  test("that is cut off by a broken connection", async () => {
    const { address, client } = await serving({});
    const session = rawSession(address);
    const stream = session.request({ ":method": "POST", ":path": "/t.T/Echo", "content-type": "application/grpc" });
    stream.on("error", () => undefined);
    await new Promise((resolve) => stream.write(framed(100, Buffer.alloc(10)), resolve));
    const closed = once(session, "close");
    session.destroy();
    await closed;
    expect((await client.unary("/t.T/Echo", Buffer.from("alive"))).toString()).toBe("alive");
  });

  test("that is no HTTP/2 at all", async () => {
    const { address, client } = await serving({});
    const socket = connectSocket(address);
    socket.on("error", () => undefined);
    socket.resume();
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "close");
    expect((await client.unary("/t.T/Echo", Buffer.from("alive"))).toString()).toBe("alive");
  });
});

describe("a stream of answers", () => {
  const messages = Array.from({ length: 200 }, (_, index) => Buffer.alloc(50_000, index));
  const many: GrpcMethod = {
    kind: "stream",
    handle: async ({ request, send }) => {
      await request;
      for (const message of messages) await send(message);
    },
  };

  test("arrives in order and whole, also more than a window of it", async () => {
    const { client } = await serving({ "/t.T/Many": many });
    const received: Buffer[] = [];
    const stream = client.stream("/t.T/Many");
    stream.on("data", (message: Buffer) => received.push(message));
    await once(stream, "end");
    expect(Buffer.concat(received).equals(Buffer.concat(messages))).toBe(true);
  });

  test("waits while the client does not read", async () => {
    const stalled = deferred<void>();
    let sent = 0;
    const { address } = await serving({
      "/t.T/Endless": {
        kind: "stream",
        handle: async ({ send, signal }) => {
          while (!signal.aborted) {
            const room = send(Buffer.alloc(1_000_000));
            sent += 1;
            // A promise that has not settled by the next turn of the event loop waits for the client.
            let settled = false;
            void room.finally(() => (settled = true)).catch(() => undefined);
            await new Promise((resolve) => setImmediate(resolve));
            if (!settled) stalled.resolve();
            await room.catch(() => undefined);
          }
        },
      },
    });
    const session = rawSession(address);
    const stream = session.request({ ":method": "POST", ":path": "/t.T/Endless", "content-type": "application/grpc" });
    stream.on("error", () => undefined);
    stream.end(framed(0, Buffer.alloc(0)));
    await stalled.promise;
    expect(sent).toBeLessThan(100);
    stream.close(constants.NGHTTP2_CANCEL);
  });

  test("that fails after its first message ends with the status", async () => {
    const { client } = await serving({
      "/t.T/Half": {
        kind: "stream",
        handle: async ({ send }) => {
          await send(Buffer.from("first"));
          throw new Error("kaboom");
        },
      },
    });
    const received: string[] = [];
    const stream = client.stream("/t.T/Half");
    stream.on("data", (message: Buffer) => received.push(message.toString()));
    const [error] = (await once(stream, "error")) as [{ code: number; details: string }];
    expect(received).toEqual(["first"]);
    expect(error).toMatchObject({ code: 13, details: "kaboom" });
  });

  test("ends for the method when the client goes away", async () => {
    const ended = deferred<void>();
    const { client } = await serving({
      "/t.T/Hold": {
        kind: "stream",
        handle: ({ signal }) =>
          new Promise((resolve) => {
            signal.addEventListener(
              "abort",
              () => {
                ended.resolve();
                resolve();
              },
              { once: true },
            );
          }),
      },
    });
    const stream = client.stream("/t.T/Hold");
    stream.on("error", () => undefined);
    await once(stream, "metadata");
    stream.cancel();
    await expect(ended.promise).resolves.toBe(undefined);
  });
});

describe("a provider behind gRPC", () => {
  async function plugin(secure: boolean): Promise<TestClient> {
    const server = createCertificate();
    const certificate = createCertificate();
    const { grpc, listening } = await startPlugin({
      provider: toyProvider(),
      protocol: 6,
      log: createLogger({ write: () => undefined }),
      shutDown: () => undefined,
      ...(secure && {
        tls: {
          key: server.keyPem,
          cert: server.certPem,
          ca: certificate.certPem,
          requestCert: true,
          rejectUnauthorized: true,
        },
      }),
    });
    const client = clientFor(`unix:${listening.address}`, secure ? { certificate, ca: server.certPem } : undefined);
    cleanUps.push(
      () => listening.cleanUp(),
      () => grpc.close(),
      () => client.close(),
    );
    return client;
  }

  test.each([
    ["TLS", true],
    ["plain HTTP/2", false],
  ])("answers twenty parallel plans of 1.5 MB each over %s", async (_what, secure) => {
    const client = await plugin(secure);
    const type = schemaType(toyProvider().resources["toy_thing"]!.schema.block);
    const values = Array.from({ length: 20 }, (_, index) => `${index}`.repeat(1_500_000 / `${index}`.length));
    const planned = await Promise.all(
      values.map(async (value) => {
        const proposed = { msgpack: encodeValue(type, objectValue({ name: "n", value, rule: [] })) };
        const request = { type_name: "toy_thing", proposed_new_state: proposed, config: proposed };
        const bytes = await client.unary(
          "/tfplugin6.Provider/PlanResourceChange",
          encodeMessage(6, "PlanResourceChangeRequest", request),
        );
        const response = decodeMessage(6, "PlanResourceChangeResponse", bytes);
        expect(response.diagnostics).toEqual([]);
        const state = decodeValue(type, response.planned_state?.msgpack ?? new Uint8Array());
        return (state as { value: string }).value;
      }),
    );
    // Not toEqual: it would print megabytes.
    expect(planned.every((value, index) => value === values[index])).toBe(true);
  });

  test("tells go-plugin that it is in health, and holds its streams open without a word", async () => {
    const client = await plugin(false);
    const service = Buffer.from("0a06706c7567696e", "hex"); // field 1: "plugin"
    expect((await client.unary("/grpc.health.v1.Health/Check", service)).toString("hex")).toBe("0801");
    await expect(client.unary("/grpc.health.v1.Health/Check", Buffer.from("0a0178", "hex"))).rejects.toMatchObject({
      code: 5,
    });
    await expect(client.unary("/grpc.health.v1.Health/Check", Buffer.from("0a", "hex"))).rejects.toMatchObject({
      code: 3,
    });
    for (const path of ["/plugin.GRPCStdio/StreamStdio", "/plugin.GRPCBroker/StartStream"]) {
      const stream = client.stream(path);
      const received: unknown[] = [];
      stream.on("data", (message) => received.push(message));
      stream.on("error", () => undefined);
      await once(stream, "metadata");
      expect(await client.unary("/tfplugin6.Provider/StopProvider")).toEqual(Buffer.alloc(0));
      expect(received).toEqual([]);
      stream.cancel();
    }
  });

  test("says UNIMPLEMENTED to what a provider may leave out", async () => {
    const client = await plugin(false);
    for (const rpc of ["ListResource", "NewInTheYear2030"]) {
      await expect(client.unary(`/tfplugin6.Provider/${rpc}`)).rejects.toMatchObject({ code: 12 });
    }
    await expect(client.unary("/tfplugin5.Provider/GetSchema")).rejects.toMatchObject({ code: 12 });
  });

  test("refuses a message that is no protobuf by its name", async () => {
    const client = await plugin(false);
    await expect(
      client.unary("/tfplugin6.Provider/PlanResourceChange", Buffer.from("0aff", "hex")),
    ).rejects.toMatchObject({ code: 13, details: expect.stringContaining("PlanResourceChangeRequest") as string });
  });
});
