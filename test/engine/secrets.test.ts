import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../embedded-registry/index.ts";
import { createEngine, type Engine, type EngineEvent, parseDigest, parseReference } from "../../engine/index.ts";
import { buildImage, push } from "../support/images/index.ts";
import { json, type Script, startServer } from "./http/scripted-server.ts";

const password = "pass-Canary/1:x";
const encoded = Buffer.from(`u:${password}`).toString("base64");

/** Has nothing, and answers in its own way to who uploads something. */
function uploads(script: Script): Script {
  return (request, response) =>
    ["GET", "HEAD"].includes(request.method) ? response.writeHead(404).end() : script(request, response);
}

/** Asks for the login, and says what it got in places that end in messages. */
const echoes: Readonly<Record<string, Script>> = {
  "code and message of its errors": ({ headers }, response) =>
    json(response, 400, { errors: [{ code: password, message: `${headers.authorization ?? ""} ${password}` }] }),
  "errors that come as a success": (_, response) =>
    json(response, 200, { errors: [{ code: password, message: password }] }),
  "errors of a tag that is gone": (_, response) =>
    json(response, 404, { errors: [{ code: "MANIFEST_UNKNOWN", message: password }] }),
  "a digest": (_, response) => response.writeHead(200, { "docker-content-digest": `sha256:${password}` }).end("{}"),
  "a media type": (_, response) => response.writeHead(200, { "content-type": `x/${password}` }).end("{}"),
  "a manifest": (_, response) =>
    response
      .writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" })
      .end(JSON.stringify({ schemaVersion: 2, config: { digest: password }, layers: [{ mediaType: password }] })),
  "an upload's address": (_, response) => response.writeHead(202, { location: `/${password}?${password}` }).end(),
  "the address of the next page": (_, response) =>
    response.writeHead(200, { link: `<ftp://${password}/>; rel="next"` }).end('{"name":"app","tags":[]}'),
  "an upload that is neither opened nor refused": uploads((_, response) =>
    json(response, 200, { errors: [{ code: password, message: password }] }),
  ),
  "the digest of what it has stored": uploads((request, response) =>
    request.method === "POST"
      ? response.writeHead(202, { location: "/v2/copy/blobs/uploads/1" }).end()
      : response.writeHead(201, { "docker-content-digest": `sha256:${password}` }).end(),
  ),
  "a refusal to go on": (_, response) => json(response, 429, { errors: [{ code: "DENIED", message: password }] }),
};

const image = buildImage({ seed: "secrets", layers: [100] });

/** Every verb, with all that it says: results, errors and events. */
const verbs: Readonly<
  Record<string, (engine: Engine, host: string, onEvent: (event: EngineEvent) => void, origin: string) => unknown>
> = {
  ping: (engine, host) => engine.ping(host),
  resolve: (engine, host) => engine.resolve(parseReference(`${host}/app:1`)),
  inspect: (engine, host) => engine.inspect(parseReference(`${host}/app:1`), { depth: "blobs", platforms: true }),
  tags: (engine, host) => engine.tags(parseReference(`${host}/app`)),
  plan: (engine, host) =>
    engine.plan({ source: parseReference(`${host}/app:1`), destination: parseReference(`${host}/copy:1`) }),
  apply: async (engine, host, onEvent, origin) => {
    const digest = parseDigest(image.digest);
    const source = parseReference(`${origin}/app@${digest}`);
    const destination = parseReference(`${host}/copy:1`);
    const item = { source, destination, digest, action: "copy", reason: "", bytes: 0 } as const;
    return (await engine.apply({ items: [item] }, { onEvent })).items.map(({ error }) => error);
  },
  remove: (engine, host) => engine.remove(parseReference(`${host}/app:1`)),
  collect: (engine, host) => engine.collect(parseReference(`${host}/app`), { digests: [] }),
};

test.each(
  Object.entries(echoes).flatMap(([name, script]) =>
    Object.entries(verbs).map(([verb, run]) => ({ verb, name, script, run })),
  ),
)("$verb tells no secret that a registry repeats in $name", async ({ script, run }) => {
  let isLoggedIn = false;
  await using server = await startServer((request, response) => {
    const { authorization } = request.headers;
    if (authorization === undefined) return json(response, 401, {}, { "www-authenticate": "Basic" });
    isLoggedIn ||= authorization === `Basic ${encoded}`;
    return script(request, response);
  });
  const origin = await startRegistry();
  onTestFinished(() => origin.close());
  await push(image, { host: origin.host, repository: "app", tag: "1" });
  const events: EngineEvent[] = [];
  const onEvent = (event: EngineEvent): unknown => events.push(event);
  const engine = createEngine({
    registries: [server.host, origin.host].map((address) => ({ address, plainHttp: true })),
    credentials: { explicit: [{ address: server.host, credential: { kind: "basic", username: "u", password } }] },
    retry: { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 },
    onEvent,
  });
  onTestFinished(() => engine.close());
  const outcome: unknown = await Promise.resolve(run(engine, server.host, onEvent, origin.host)).catch(
    (thrown: unknown) => thrown,
  );
  const told = inspect([outcome instanceof Error || Array.isArray(outcome) ? outcome : report(outcome), events], {
    depth: 20,
    showHidden: true,
  });
  expect(isLoggedIn).toBe(true);
  expect(told).not.toContain("Canary");
  expect(told).not.toContain(encoded);
});

/** Data of an image is the registry's own; what is told of a failure is not. */
function report(outcome: unknown): unknown {
  return typeof outcome === "object" && outcome !== null && "skipped" in outcome ? outcome.skipped : "done";
}
