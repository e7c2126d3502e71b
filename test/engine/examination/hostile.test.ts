import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { createEngine } from "../../../engine/index.ts";
import { hasControlCharacters } from "../failure.ts";
import { type Script, startServer } from "../http/scripted-server.ts";
import { examined, outcomes, told } from "./examined.ts";

const secret = "canary-of-a-password";
const login = { kind: "basic", username: "robot", password: secret } as const;
const fast = { deadlineMs: 150 };

/** Whatever a server does: each check has an outcome, what has failed says what to do, and no secret gets out. */
async function survive(host: string, deadlineMs = 2000): Promise<Awaited<ReturnType<typeof examined>>> {
  const found = await examined(host, { repository: "team/app", login, deadlineMs });
  expect(found.checks).toHaveLength(15);
  for (const { outcome, detail, hint } of found.checks) {
    expect(detail.length).toBeLessThanOrEqual(300);
    expect(hasControlCharacters(detail + (hint ?? ""))).toBe(false);
    expect(outcome === "failed" && hint === undefined).toBe(false);
  }
  const text = JSON.stringify(found);
  expect(text).not.toContain(secret);
  expect(text).not.toContain(Buffer.from(`robot:${secret}`).toString("base64"));
  return found;
}

const page: Script = (_request, response) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>Log in to the wireless network");
};

const scripts: Readonly<Record<string, readonly [Script, string]>> = {
  "a web page": [page, "web page"],
  "404": [(_request, response) => response.writeHead(404).end("nothing here"), "this is no registry"],
  "a redirect in a circle": [
    (_request, response) => response.writeHead(302, { location: "/v2/" }).end(),
    "in a circle",
  ],
  "a redirect to another scheme": [
    (_request, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    "scheme",
  ],
  "500": [(_request, response) => response.writeHead(500).end(), "500"],
  "403": [(_request, response) => response.writeHead(403).end(), "403"],
  "an answer that is cut": [(request) => request.message.socket.destroy(), "closed"],
  "a header of 64 KiB": [
    (_request, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${"x".repeat(65_536)}"` }).end();
    },
    "headers",
  ],
};

describe("at a server that answers", () => {
  test.each(Object.entries(scripts))("%s, no API is found, and why is told", async (_name, [script, why]) => {
    await using server = await startServer(script);
    const found = await survive(server.host);
    expect(outcomes(found)).toMatchObject({ api: "failed", authentication: "unknown", pull: "unknown" });
    expect(told(found, "api")).toContain(why);
  });

  test.each([
    ["an open quote", 'Bearer realm="http://host'],
    ["no realm", 'Bearer service="x"'],
    ["another scheme", "Negotiate"],
    ["a realm that is no URL", 'Bearer realm="not a url"'],
    ["nothing but commas", ",,,,"],
  ])("a challenge with %s, that is what fails", async (_name, challenge) => {
    await using server = await startServer((_request, response) => {
      response.writeHead(401, { "www-authenticate": challenge }).end();
    });
    const found = await survive(server.host);
    expect(outcomes(found)).toMatchObject({ api: "ok", authentication: "failed", credential: "ok", login: "failed" });
  });

  test("401 without a challenge, that is what fails", async () => {
    await using server = await startServer((_request, response) => response.writeHead(401).end());
    expect(outcomes(await survive(server.host))).toMatchObject({ authentication: "failed" });
  });

  test("with what it was sent and with control characters, neither is repeated", async () => {
    await using server = await startServer((request, response) => {
      const { authorization = "nothing" } = request.headers;
      if (authorization === "nothing") {
        response.writeHead(401, { "www-authenticate": `Basic realm="${secret}"` }).end();
        return;
      }
      const body = { errors: [{ code: "DENIED", message: `\u001b[31m\u202e${authorization} ${secret}` }] };
      response.writeHead(403, { "docker-distribution-api-version": secret }).end(JSON.stringify(body));
    });
    expect(outcomes(await survive(server.host))).toMatchObject({ login: "failed", pull: "failed" });
  });

  test("a token server that leads into nowhere, the login fails", async () => {
    await using server = await startServer((_request, response) => {
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://127.0.0.1:1/token"' }).end();
    });
    const found = await survive(server.host);
    expect(told(found, "login")).toContain("refused");
  });

  test("lists of tags that are none, the repository is not tried further", async () => {
    await using server = await startServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"tags":"all of them"}');
    });
    const found = await survive(server.host);
    expect(outcomes(found)).toMatchObject({ api: "ok", pull: "failed", push: "unknown", delete: "unknown" });
    expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("yes to everything, nothing breaks", async () => {
    await using server = await startServer((request, response) => {
      if (request.method === "POST") response.writeHead(202, { location: "http://[" }).end();
      else response.writeHead(200, { "content-type": "application/json" }).end('{"tags":[null,7,"1"]}');
    });
    expect(outcomes(await survive(server.host))).toMatchObject({ pull: "ok", push: "failed", delete: "ok" });
  });
});

describe("at a server that does not answer", () => {
  test("each thing that is asked ends at its own deadline, and the rest goes on", async () => {
    await using server = await startServer(() => {});
    const found = await survive(server.host, fast.deadlineMs);
    expect(outcomes(found)).toMatchObject({ dns: "ok", api: "failed", credential: "ok", login: "unknown" });
    expect(told(found, "api")).toContain("no answer within 0.15 s");
  });

  test("a repository that hangs does not keep from trying the next thing", async () => {
    await using server = await startServer((request, response) => {
      const { method, url } = request;
      if (url === "/v2/") response.writeHead(200).end();
      else if (method === "GET" && url.includes("tags/list")) response.writeHead(200).end('{"tags":[]}');
      else if (method === "DELETE") response.writeHead(404).end();
    });
    const found = await survive(server.host, fast.deadlineMs);
    expect(outcomes(found)).toMatchObject({ pull: "ok", push: "failed", mount: "failed", delete: "ok" });
    expect(outcomes(found)).toMatchObject({ "tag-delete": "ok", referrers: "failed", clock: "ok" });
  });

  test("a handshake that never ends fails by its deadline", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).resume());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const host = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
    const found = await examined(host, { ...fast, transport: { plainHttp: false } });
    expect(told(found, "tls")).toContain("no answer within");
    server.close();
    await once(server, "close");
  });

  test("a port that is closed and a name that nobody has are told apart", async () => {
    const closed = await examined("127.0.0.1:1");
    expect(told(closed, "api")).toContain("the connection was refused");
    const lookup = { code: "ENOTFOUND" };
    const nobody = await examined("nobody.example", {
      engine: {
        lookup: (_name, _options, callback) => callback(Object.assign(new Error("none"), lookup), "", 4),
      },
    });
    expect(outcomes(nobody)).toMatchObject({ dns: "failed", tls: "unknown", api: "failed", clock: "unknown" });
    expect(told(nobody, "dns")).toContain("there is no host of that name");
  });

  test("a stop ends all of it at once", async () => {
    const stop = new AbortController();
    await using server = await startServer(() => stop.abort());
    const engine = createEngine({ registries: [{ address: server.host, plainHttp: true }] });
    const examining = engine.examine({ registry: server.host, repository: "a/b" }, { signal: stop.signal });
    await expect(examining).rejects.toMatchObject({ code: "aborted" });
    expect(server.requests).toHaveLength(1);
    await engine.close();
  });
});
