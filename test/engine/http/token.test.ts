import { expect, test } from "vitest";
import type { Access } from "../../../engine/http/message.ts";
import { json } from "./scripted-server.ts";
import { testClient } from "./test-client.ts";
import { startTokenRegistry } from "./token-server.ts";

const login = { kind: "basic", username: "u", password: "p" } as const;
const removal: Access[] = [
  { repository: "app", actions: ["pull", "push", "delete"] },
  { repository: "other", actions: ["pull"] },
];

test("a token server that knows no action delete is asked for every action, and nobody else is", async () => {
  await using registry = await startTokenRegistry((_, response) => response.end("ok"), {
    onToken: ({ scopes }, response) => {
      if (!scopes.some((scope) => scope.includes("delete"))) return false;
      json(response, 400, { error: "Unable to decode repository and actions" });
      return true;
    },
  });
  await using http = testClient({ plain: [registry.host], login: [{ address: registry.host, credential: login }] });
  expect(await http.send(registry.host, "/v2/app/", { access: removal })).toMatchObject({ status: 200 });
  expect(registry.questions.map(({ scopes }) => scopes)).toEqual([
    ["repository:app:pull,push,delete", "repository:other:pull"],
    ["repository:app:*", "repository:other:pull"],
  ]);
  // The token is found again by what it was wanted for.
  await http.send(registry.host, "/v2/app/", { access: removal });
  expect(registry.questions).toHaveLength(2);
});

test("a token server that refuses a scope without a delete is not asked for more", async () => {
  await using registry = await startTokenRegistry((_, response) => response.end("ok"), {
    onToken: (_, response) => {
      json(response, 400, {});
      return true;
    },
  });
  await using http = testClient({ plain: [registry.host] });
  const access: Access[] = [{ repository: "app", actions: ["pull"] }];
  await expect(http.send(registry.host, "/v2/app/", { access })).rejects.toMatchObject({ code: "protocol" });
  expect(registry.questions).toHaveLength(1);
});

test.each([
  [0, 1],
  [-5, 1],
  [1e12, 1],
  ["300", 1],
  ["soon", 1],
  [null, 1],
  [1e-9, 1],
])("a token whose life is said to be %j is used more than once", async (expiresIn, questions) => {
  await using registry = await startTokenRegistry((_, response) => response.end("ok"), {
    expiresIn: expiresIn as number,
  });
  await using http = testClient({ plain: [registry.host] });
  for (let round = 0; round < 3; round += 1) {
    expect(await http.send(registry.host, "/v2/app/")).toMatchObject({ status: 200 });
  }
  expect(registry.questions).toHaveLength(questions);
});

test("a token that was refused in the middle of an upload is not sent again", async () => {
  let upload = "";
  await using registry = await startTokenRegistry((request, response) => {
    if (request.method === "PUT") upload = request.headers.authorization ?? "";
    response.end("ok");
  });
  await using http = testClient({ plain: [registry.host] });
  await http.send(registry.host, "/v2/app/");
  registry.revoke();
  const open = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from("abc");
  };
  const put = { method: "PUT", kind: "blob" } as const;
  const refused = await http.send(registry.host, "/upload", { ...put, body: { bytes: 3, repeatable: false, open } });
  expect(refused.status).toBe(401);
  const accepted = await http.send(registry.host, "/upload", { ...put, body: { bytes: 3, repeatable: false, open } });
  expect(accepted.status).toBe(200);
  expect(upload).toBe("Bearer token-2");
});
