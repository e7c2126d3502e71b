import { createServer, request } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import {
  createEngine,
  type Digest,
  type Engine,
  type EngineOptions,
  type ImagesyncError,
  parseReference,
  type Reference,
} from "../../../engine/index.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { listen } from "../../support/registries/listening-server.ts";
import { failureOf } from "../failure.ts";
import { quickRetry } from "../pair.ts";

const image = buildImage({ seed: "absent", layers: [300] });
const page = "<html><body><h1>404 Not Found</h1></body></html>";
const html = { "Content-Type": "text/html" };

interface Page {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What stands before a registry: it answers by itself where it has an answer, and remembers what it is asked. */
interface Front {
  answer: ((path: string) => Page | undefined) | undefined;
  readonly host: string;
  readonly asked: string[];
}

async function startFront(registry: string): Promise<Front> {
  const asked: string[] = [];
  let front: Front | undefined;
  const server = createServer((incoming, outgoing) => {
    const { method = "", url: path = "", headers } = incoming;
    asked.push(`${method} ${path}`);
    const own = front?.answer?.(path);
    if (own !== undefined) {
      incoming.resume();
      outgoing.writeHead(own.status, own.headers ?? {}).end(method === "HEAD" ? undefined : own.body);
      return;
    }
    incoming.pipe(
      request(`http://${registry}${path}`, { method, headers }, (answer) => {
        const told = { ...answer.headers };
        // Some say what they are in the answer to their root alone.
        if (path !== "/v2/") delete told["docker-distribution-api-version"];
        outgoing.writeHead(answer.statusCode ?? 500, told);
        answer.pipe(outgoing);
      }),
    );
  });
  const listening = await listen(server);
  onTestFinished(() => listening.close());
  front = { answer: undefined, host: listening.host, asked };
  return front;
}

/** A web server that knows nothing of images: at each address the same. */
const webServer =
  (status = 404, body = page, headers: Readonly<Record<string, string>> = html) =>
  (): Page => ({ status, body, headers });

interface Scene {
  readonly front: Front;
  readonly engine: Engine;
  readonly put: Reference;
  readonly at: (text: string) => Reference;
}

/** An image at a registry with something before it, and an engine that has asked nothing yet. */
async function withImage(options: EngineOptions = {}): Promise<Scene> {
  const registry = await startRegistry();
  onTestFinished(() => registry.close());
  await push(image, { host: registry.host, repository: "to/app", tag: "1" });
  const front = await startFront(registry.host);
  const registries = [{ address: front.host, plainHttp: true }];
  const engine = createEngine({ registries, retry: quickRetry, ...options });
  onTestFinished(() => engine.close());
  const at = (text: string): Reference => parseReference(`${front.host}/${text}`);
  return { front, engine, at, put: at("to/app:1") };
}

const notARegistry = {
  code: "protocol",
  status: expect.any(Number) as number,
  hint: expect.stringMatching(/^No registry has answered, /) as string,
};

describe("a web server in the place of a registry", () => {
  const json = { "Content-Type": "application/json" };

  test.each<[string, (path: string) => Page]>([
    ["with a page", webServer()],
    ["with nothing", webServer(404, "", {})],
    ["with JSON that no registry writes", webServer(404, '{"message":"Not Found"}', json)],
    ["with errors that have no code", webServer(404, '{"errors":[{"message":"Not Found"}]}', json)],
    ["with 410", webServer(410)],
    [
      "with its application at every address but those of manifests",
      (path) => ({ status: path.includes("/manifests/") ? 404 : 200, body: page, headers: html }),
    ],
  ])("that answers %s has not lost an image", async (_name, answer) => {
    const { front, engine, put } = await withImage();
    front.answer = answer;
    for (const work of [
      () => engine.resolve(put),
      () => engine.inspect(put),
      () => engine.remove(put, { expectDigest: image.digest as Digest }),
      () => engine.remove(put, { dryRun: true }),
    ]) {
      expect(await failureOf(async () => await work())).toMatchObject(notARegistry);
    }
    front.answer = undefined;
    // It was a page while the registry was away.
    expect(await engine.resolve(put)).toMatchObject({ digest: image.digest });
  });

  test("is none to copy from, and has no list of tags that is empty", async () => {
    const { front, engine, put, at } = await withImage();
    front.answer = webServer();
    const plan = async (): Promise<unknown> => await engine.plan({ source: put, destination: at("to/app:2") });
    expect(await failureOf(plan)).toMatchObject({ ...notARegistry, side: "source" });
    expect(await failureOf(() => engine.tags(put))).toMatchObject({ code: "protocol" });
  });
});

describe("a registry is believed that something is gone", () => {
  test("without any further request, where it says so as the specification has it", async () => {
    const { front, engine, at } = await withImage();
    expect(await failureOf(() => engine.resolve(at("to/app:2")))).toMatchObject({ code: "not-found" });
    expect(front.asked).toEqual(["HEAD /v2/to/app/manifests/2", "GET /v2/to/app/manifests/2"]);
  });

  test("where it says so without a word, after one look at whether it is one", async () => {
    const { front, engine, at } = await withImage();
    front.answer = (path) => (path === "/v2/" ? undefined : { status: 404, body: page, headers: html });
    const gone = (tag: string): Promise<ImagesyncError | undefined> =>
      failureOf(() => engine.resolve(at(`to/app:${tag}`)));
    const failures = [...(await Promise.all(["1", "2", "3"].map(gone))), await gone("4")];
    expect(failures.map((failure) => failure?.code)).toEqual(Array.from(failures, () => "not-found"));
    expect(front.asked.filter((asked) => asked === "GET /v2/")).toHaveLength(1);
    expect(front.asked).toHaveLength(9);
  });

  test.each<[string, Page]>([
    ["asks for a login", { status: 401, headers: { "WWW-Authenticate": 'Basic realm="x"' } }],
    ["keeps its root to itself", { status: 403 }],
    ["says nothing at its root", { status: 200 }],
  ])("where it %s", async (_name, root) => {
    const { front, engine, put } = await withImage();
    front.answer = (path) => (path === "/v2/" ? root : { status: 404 });
    expect(await failureOf(() => engine.resolve(put))).toMatchObject({ code: "not-found" });
  });
});

test.each([500, 503, 429])("%i to the look is no answer: nothing is known then", async (status) => {
  const { front, engine, put } = await withImage({ retry: { attempts: 1 } });
  front.answer = (path) => ({ status: path === "/v2/" ? status : 404 });
  for (const work of [() => engine.resolve(put), () => engine.remove(put, { expectDigest: image.digest as Digest })]) {
    const error = await failureOf(async () => await work());
    expect(error?.code).toBe(status === 429 ? "rate-limited" : "unavailable");
  }
});
