import { expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { createEngine, type ExplicitCredential, parseReference } from "../../../engine/index.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { only, quickRetry } from "../pair.ts";

const image = buildImage({ seed: "two logins", layers: [700, 900, 1_100_000] });

/** One registry with a login for each of two groups, neither of which may do anything in the other's. */
async function startGroups(): ReturnType<typeof startRegistry> {
  const users = { alice: "alices-password", bob: "bobs-password" };
  const registry = await startRegistry({
    auth: {
      kind: "token",
      users,
      allow: (user, repository) => repository.startsWith(user === "alice" ? "from/" : "to/"),
    },
  });
  onTestFinished(() => registry.close());
  // Like GitLab's: no token at all when one of the repositories is not allowed.
  registry.intercept = ({ kind, path }) =>
    kind === "token" && new URL(path, registry.url).searchParams.getAll("scope").length > 1
      ? {
          respond: { status: 403, body: JSON.stringify({ errors: [{ code: "DENIED", message: "access forbidden" }] }) },
        }
      : undefined;
  return registry;
}

async function pushToken(url: string): Promise<string> {
  const authorization = `Basic ${Buffer.from("alice:alices-password").toString("base64")}`;
  const answer = await fetch(`${url}/token?scope=repository:from/app:pull,push`, { headers: { authorization } });
  return ((await answer.json()) as { token: string }).token;
}

test("where no token is given for both repositories of a mount, the blobs are copied", async () => {
  const registry = await startGroups();
  const { host } = registry;
  const seeding = await pushToken(registry.url);
  await push(image, { host, repository: "from/app", tag: "1", headers: { authorization: `Bearer ${seeding}` } });
  const login = (address: string, username: string, password: string): ExplicitCredential => ({
    address,
    credential: { kind: "basic", username, password },
  });
  const engine = createEngine({
    registries: [{ address: host, plainHttp: true }],
    retry: quickRetry,
    credentials: {
      explicit: [login(`${host}/from`, "alice", "alices-password"), login(`${host}/to`, "bob", "bobs-password")],
    },
  });
  onTestFinished(() => engine.close());
  const rule = { source: parseReference(`${host}/from/app:1`), destination: parseReference(`${host}/to/app:1`) };
  const report = await engine.apply(await engine.plan(rule));
  expect(only(report)).toMatchObject({ outcome: "done", blobs: { copied: image.blobs.length, mounted: 0 } });
  const refused = registry.requests.filter(({ kind, status }) => kind === "token" && status === 403);
  expect(refused).toHaveLength(1);
  expect(registry.openUploads()).toBe(0);
});
