import { describe, expect, onTestFinished, test } from "vitest";
import { buildImage, push } from "../../support/images/index.ts";
import { send } from "../../support/registries/plain-client.ts";
import {
  basicAuthorization,
  dockerRegistryProgram,
  type DockerRegistryOptions,
  type RunningDockerRegistry,
  startDockerRegistry,
  testLogin,
} from "../../support/registries/index.ts";
import { askForToken, bearer } from "../../support/registries/token-login.ts";
import { examined, outcomes, told } from "./examined.ts";

const login = { kind: "basic", username: testLogin.user, password: testLogin.password } as const;

/** The real one, with an image in `team/app`. */
async function open(options: DockerRegistryOptions = {}): Promise<RunningDockerRegistry> {
  const registry = await startDockerRegistry(options);
  onTestFinished(() => registry.close());
  const repository = "team/app";
  const authorization =
    options.auth === "token"
      ? bearer(await askForToken(await send(registry.url, "/v2/"), `repository:${repository}:pull,push`, testLogin))
      : basicAuthorization();
  await push(buildImage({ seed: "a", layers: [100] }), {
    host: registry.host,
    repository,
    tag: "1",
    ...(options.auth === undefined ? {} : { headers: { authorization } }),
  });
  return registry;
}

describe.skipIf(dockerRegistryProgram === undefined)("the real docker-registry", () => {
  test.each([
    ["open", {}, undefined],
    ["with htpasswd", { auth: "htpasswd" }, login],
    ["with tokens", { auth: "token" }, login],
  ] as const)("%s can do everything but take one tag away", async (_name, options, credential) => {
    const registry = await open(options);
    const found = await examined(registry.host, {
      repository: "team/app",
      ...(credential === undefined ? {} : { login: credential }),
    });
    expect(outcomes(found)).toEqual({
      dns: "ok",
      tls: "ok",
      api: "ok",
      family: "unknown",
      authentication: "ok",
      credential: "ok",
      login: "ok",
      pull: "ok",
      push: "ok",
      mount: "ok",
      delete: "ok",
      "tag-delete": "unknown",
      referrers: "ok",
      "rate-limit": "unknown",
      clock: "ok",
    });
    expect(told(found, "api")).toContain("API registry/2.0");
    expect(told(found, "tag-delete")).toContain("stand-in");
    expect(JSON.stringify(found)).not.toContain(testLogin.password);
  });

  test("with deletes off says how to switch them on", async () => {
    const registry = await open({ deleteEnabled: false });
    const found = await examined(registry.host, { repository: "team/app" });
    expect(outcomes(found)).toMatchObject({ push: "ok", delete: "failed", "tag-delete": "unknown" });
    expect(told(found, "delete")).toContain("REGISTRY_STORAGE_DELETE_ENABLED=true");
  });

  test.each(["htpasswd", "token"] as const)("refuses a wrong password (%s)", async (auth) => {
    const registry = await open({ auth });
    const found = await examined(registry.host, { repository: "team/app", login: { ...login, password: "wrong" } });
    expect(outcomes(found)).toMatchObject({ authentication: "ok", login: "failed", pull: "failed", push: "unknown" });
  });

  test("behind TLS is told by who signed its certificate", async () => {
    const registry = await startDockerRegistry({ tls: true });
    onTestFinished(() => registry.close());
    const transport = { plainHttp: false, caCertificate: registry.ca };
    const found = await examined(registry.host, { transport });
    expect(told(found, "tls")).toContain("certificate signed by test authority");
    expect(outcomes(found)).toMatchObject({ api: "ok", login: "ok" });
  });
});
