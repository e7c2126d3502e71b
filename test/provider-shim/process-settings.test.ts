import { describe, expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../embedded-registry/index.ts";
import { createRedactor, type Engine, parseReference } from "../../engine/index.ts";
import { defaultParallelTransfers } from "../../engine/copy/scheduler.ts";
import { defaultRetry } from "../../engine/http/backoff.ts";
import { defaultTimeouts } from "../../engine/http/timeouts.ts";
import { defaultMaxConnections } from "../../engine/http/transport.ts";
import { configureProvider } from "../../provider-shim/configure.ts";
import { processAttributes, processSettings, validateProcessSettings } from "../../provider-shim/process-settings.ts";
import { Diagnostics } from "../../provider-shim/protocol/diagnostics.ts";
import { objectValue, UNKNOWN, type Value } from "../../provider-shim/protocol/value.ts";
import { registryBlock } from "../../provider-shim/registry-block.ts";
import { startServer } from "../engine/http/scripted-server.ts";
import { buildImage, push } from "../support/images/index.ts";

const none = { registry: [], registry_auth: [] };

function engineOf(provider: Readonly<Record<string, Value>>, environment: NodeJS.ProcessEnv = {}): Engine {
  const { engine } = configureProvider(objectValue({ ...none, ...provider }), {
    environment,
    userAgent: "Terraform/1.9 terraform-provider-imagesync/0.0.0 my-pipeline",
    redactor: createRedactor(),
  });
  onTestFinished(() => engine.close());
  return engine;
}

const block = (address: string, more: Readonly<Record<string, Value>> = {}): Value =>
  objectValue({ address, plain_http: true, ...more });

describe("on the wire", () => {
  const quick = { retry_min_delay: "1ms", retry_max_delay: "2ms" };

  test.each([
    [0, 1],
    [2, 3],
  ])("retries = %i sends a request that fails %i times", async (retries, times) => {
    await using server = await startServer((_, response) => response.writeHead(500).end());
    const engine = engineOf({ registry: [block(server.host)], retries, ...quick });
    await expect(engine.ping(server.host)).rejects.toMatchObject({ status: 500 });
    expect(server.requests).toHaveLength(times);
  });

  test("retries default to 4", async () => {
    await using server = await startServer((_, response) => response.writeHead(500).end());
    const engine = engineOf({ registry: [block(server.host)], ...quick });
    await expect(engine.ping(server.host)).rejects.toMatchObject({ status: 500 });
    expect(server.requests).toHaveLength(5);
  });

  test("request_timeout ends a request that is not answered", async () => {
    await using server = await startServer(() => undefined);
    const engine = engineOf({ registry: [block(server.host)], request_timeout: "10ms", retries: 0 });
    await expect(engine.ping(server.host)).rejects.toMatchObject({ code: "timeout" });
  });

  test("headers and the User-Agent go to the registry, and the headers nowhere else", async () => {
    await using other = await startServer((_, response) => response.end());
    await using server = await startServer((_, response) =>
      response.writeHead(307, { location: `${other.url}/v2/` }).end(),
    );
    const headers = new Map([["X-Tenant", "tenant-Canary"]]);
    const engine = engineOf({ registry: [block(server.host, { headers }), block(other.host)] });
    await engine.ping(server.host).catch(() => undefined);
    expect(server.requests[0]?.headers).toMatchObject({
      "x-tenant": "tenant-Canary",
      "user-agent": "Terraform/1.9 terraform-provider-imagesync/0.0.0 my-pipeline",
    });
    expect(other.requests[0]?.headers).toBeDefined();
    expect(other.requests[0]?.headers).not.toHaveProperty("x-tenant");
  });

  test("a mirror is asked in place of the source, and never in place of the destination", async () => {
    const image = buildImage({ seed: "settings", layers: [900] });
    const [mirror, destination] = await Promise.all([startRegistry(), startRegistry()]);
    onTestFinished(async () => void (await Promise.all([mirror.close(), destination.close()])));
    await push(image, { host: mirror.host, repository: "hub/app", tag: "1" });
    await push(image, { host: mirror.host, repository: "hub/copy", tag: "1" });
    const mirrors = [`${mirror.host}/hub`];
    const engine = engineOf({
      registry: [block("127.0.0.1:1", { mirrors }), block(destination.host, { mirrors }), block(mirror.host)],
      retries: 0,
    });
    const source = parseReference("127.0.0.1:1/app:1");
    expect((await engine.resolve(source, { side: "source" })).digest).toBe(image.digest);
    const copy = parseReference(`${destination.host}/copy:1`);
    await expect(engine.inspect(copy, { side: "destination" })).rejects.toMatchObject({ code: "not-found" });
    const report = await engine.apply(await engine.plan({ source, destination: copy }));
    expect(report.items.map(({ error }) => error)).toEqual([undefined]);
    expect((await engine.inspect(copy, { side: "destination" })).digest).toBe(image.digest);
  });

  test("max_parallel_transfers, or IMAGESYNC_JOBS, is how many blobs move at the same time", async () => {
    const image = buildImage({ seed: "parallel", layers: Array.from({ length: 8 }, (_, at) => 500 + at) });
    for (const [provider, environment, most] of [
      [{ max_parallel_transfers: 1 }, { IMAGESYNC_JOBS: "8" }, 1],
      [{ max_parallel_transfers: null }, { IMAGESYNC_JOBS: "1" }, 1],
    ] as const) {
      let open = 0;
      let highest = 0;
      const [source, destination] = await Promise.all([startRegistry(), startRegistry()]);
      onTestFinished(async () => void (await Promise.all([source.close(), destination.close()])));
      await push(image, { host: source.host, repository: "app", tag: "1" });
      destination.intercept = ({ method, kind }) => {
        if (method === "POST" && kind === "upload") highest = Math.max(highest, (open += 1));
        if (method === "PUT" && kind === "upload") open -= 1;
        return undefined;
      };
      const engine = engineOf({ registry: [block(source.host), block(destination.host)], ...provider }, environment);
      const [from, to] = [parseReference(`${source.host}/app:1`), parseReference(`${destination.host}/app:1`)];
      const report = await engine.apply(await engine.plan({ source: from, destination: to }));
      expect(report.items.map(({ error }) => error)).toEqual([undefined]);
      expect(highest).toBe(most);
    }
  });
});

describe("the defaults that descriptions name are those of the engine", () => {
  test.each<[string, string]>([
    ["max_parallel_transfers", String(defaultParallelTransfers)],
    ["retries", String(defaultRetry.attempts - 1)],
    ["retry_min_delay", `${defaultRetry.baseDelayMs}ms`],
    ["retry_max_delay", `${defaultRetry.maxDelayMs / 1000}s`],
    ["request_timeout", `${defaultTimeouts.headersMs / 1000}s`],
  ])("%s", (name, value) => {
    expect(processAttributes[name]?.description).toContain(`\`${value}\`.`);
    expect(defaultTimeouts.idleMs).toBe(defaultTimeouts.headersMs);
  });

  test("max_concurrent_requests", () => {
    const { description } = registryBlock.block.attributes["max_concurrent_requests"] ?? {};
    expect(description).toContain(`\`${defaultMaxConnections}\`.`);
  });

  test("nothing is set where nothing is given", () => {
    const { retry, timeouts, ...rest } = processSettings(objectValue(none), {});
    expect({ ...defaultRetry, ...retry }).toEqual(defaultRetry);
    expect({ ...defaultTimeouts, ...timeouts }).toEqual(defaultTimeouts);
    expect(Object.values(rest)).toEqual([undefined, undefined]);
  });
});

test("who asks for more patience is given the time for it", () => {
  const settings = processSettings(objectValue({ ...none, retries: 20, retry_max_delay: "5m" }), {});
  expect(settings.retry).toMatchObject({ attempts: 21, maxDelayMs: 300_000, budgetMs: 20 * 300_000 });
  expect(settings.timeouts?.controlMs).toBeGreaterThanOrEqual(20 * 300_000);
});

test("bandwidth is read in bytes", () => {
  expect(processSettings(objectValue({ ...none, max_bandwidth: "50MiB" }), {}).maxBandwidth).toBe(50 * 1024 ** 2);
});

test.each([
  ["abc", 1],
  ["0", 1],
  ["", 0],
  ["6", 0],
])("IMAGESYNC_JOBS=%s gives %i errors", (jobs, errors) => {
  const diagnostics = new Diagnostics();
  validateProcessSettings(
    objectValue({ ...none, max_parallel_transfers: null }),
    { IMAGESYNC_JOBS: jobs },
    diagnostics,
  );
  expect(diagnostics.list).toHaveLength(errors);
});

test("what is not known yet is not judged", () => {
  const diagnostics = new Diagnostics();
  const unknown = Object.fromEntries(Object.keys(processAttributes).map((name) => [name, UNKNOWN]));
  validateProcessSettings(objectValue({ ...none, ...unknown }), {}, diagnostics);
  expect(diagnostics.list).toEqual([]);
});
