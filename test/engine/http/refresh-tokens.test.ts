import { describe, expect, test } from "vitest";
import { RefreshTokens } from "../../../engine/http/refresh-tokens.ts";
import { json, startServer } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";
import { startTokenRegistry } from "./token-server.ts";

describe("a refresh token that changes with its use", () => {
  test("is used once each, whoever asks at the same time, and the newest one is what is used", async () => {
    const tokens = new RefreshTokens();
    const used: string[] = [];
    let running = 0;
    const use = async (token: string) => {
      running += 1;
      expect(running).toBe(1);
      used.push(token);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return { result: token, next: `r${used.length}` };
    };
    await Promise.all(Array.from({ length: 5 }, () => tokens.use("login", "r0", use)));
    expect(used).toEqual(["r0", "r1", "r2", "r3", "r4"]);
  });

  test("survives a use that fails", async () => {
    const tokens = new RefreshTokens();
    const failing = tokens.use("login", "r0", () => Promise.reject(new Error("down")));
    const next = tokens.use("login", "r0", (token) => Promise.resolve({ result: token, next: undefined }));
    await expect(failing).rejects.toThrow("down");
    expect(await next).toBe("r0");
  });

  test("of one login has nothing to do with that of another", async () => {
    const tokens = new RefreshTokens();
    const rotate = (token: string) => Promise.resolve({ result: token, next: `${token}+` });
    await tokens.use("one", "a", rotate);
    expect(await tokens.use("two", "b", rotate)).toBe("b");
    expect(await tokens.use("one", "a", rotate)).toBe("a+");
  });
});

test("one that stays good is used by many at the same time, once that is known", async () => {
  const tokens = new RefreshTokens();
  let running = 0;
  let most = 0;
  const use = async (token: string) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return { result: token, next: undefined };
  };
  await tokens.use("login", "r", use);
  await Promise.all(Array.from({ length: 5 }, () => tokens.use("login", "r", use)));
  expect(most).toBe(5);
});

test("one that is replaced only after a while is not used after that", async () => {
  const tokens = new RefreshTokens();
  const use = (next: string | undefined) =>
    tokens.use("login", "r0", (token) => Promise.resolve({ result: token, next }));
  expect([await use(undefined), await use("r1"), await use(undefined), await use("r1")]).toEqual([
    "r0",
    "r0",
    "r1",
    "r1",
  ]);
});

test("a registry that accepts each refresh token once gives tokens for many repositories at the same time", async () => {
  let newest = "0-refresh-canary";
  await using registry = await startTokenRegistry((_, response) => response.end("ok"), {
    onToken: ({ form }, response) => {
      if (form.get("refresh_token") !== newest) {
        json(response, 401, { error: "invalid_grant" });
        return true;
      }
      newest = `${registry.questions.length}-refresh-canary`;
      return false;
    },
    refreshToken: () => newest,
  });
  await using http = testClient({
    plain: [registry.host],
    login: [{ address: registry.host, credential: { kind: "identity-token", token: "0-refresh-canary" } }],
  });
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, number) =>
      http.send(registry.host, `/v2/app-${number}/`, { access: [{ repository: `app-${number}`, actions: ["pull"] }] }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(registry.questions.map(({ method }) => method)).toEqual(answers.map(() => "POST"));
  expect(http.client.redactor.redact(newest)).toBe("***");
});

test.each([307, 308])(
  "a refresh token follows no token server to another host that it moves to by %i",
  async (status) => {
    await using other = await startServer((_, response) => json(response, 200, { token: "stolen" }));
    await using registry = await startTokenRegistry((_, response) => response.end("ok"), {
      onToken: (_, response) => {
        response.writeHead(status, { location: `${other.url}/token` }).end();
        return true;
      },
    });
    await using http = testClient({
      plain: [registry.host, other.host],
      login: [{ address: registry.host, credential: { kind: "identity-token", token: "refresh-canary" } }],
    });
    await expect(http.send(registry.host, "/v2/")).rejects.toMatchObject({ code: "redirect-refused" });
    expect(other.requests).toEqual([]);
  },
);

test("a refresh token goes along to another place of the same token server", async () => {
  await using registry = await startTokenRegistry((_, response) => response.end("ok"), {
    onToken: ({ service }, response) => {
      if (service === "moved") return false;
      response.writeHead(308, { location: "/token?service=moved" }).end();
      return true;
    },
  });
  await using http = testClient({
    plain: [registry.host],
    login: [{ address: registry.host, credential: { kind: "identity-token", token: "refresh-canary" } }],
  });
  expect(await http.send(registry.host, "/v2/")).toMatchObject({ status: 200 });
  expect(registry.questions.map(({ form }) => form.get("refresh_token"))).toEqual(["refresh-canary", "refresh-canary"]);
});
