import { afterEach, describe, expect, test } from "vitest";
import { digestOf } from "../../../engine/oci/digest.ts";
import {
  dockerRegistryProgram,
  type DockerRegistryOptions,
  type RunningDockerRegistry,
  startDockerRegistry,
} from "../../support/registries/docker-registry.ts";
import { testLogin } from "../../support/registries/login.ts";
import { bodyOf, testClient, type TestClient } from "./test-client.ts";

const credential = { kind: "basic", username: testLogin.user, password: testLogin.password } as const;
const access = [{ repository: "acme/app", actions: ["pull", "push"] }] as const;
const content = Buffer.from("a blob\n");

describe.skipIf(dockerRegistryProgram === undefined)("the real docker-registry", () => {
  let registry: RunningDockerRegistry | undefined;
  afterEach(async () => {
    await registry?.close();
    registry = undefined;
  });

  /** Starts one, and a client that knows how to reach it. */
  async function start(options: DockerRegistryOptions): Promise<{ host: string; http: TestClient }> {
    registry = await startDockerRegistry(options);
    const { host, ca } = registry;
    const transport = ca === undefined ? { address: host, plainHttp: true } : { address: host, caCertificate: ca };
    return { host, http: testClient({ registries: [transport], login: [{ address: host, credential }] }) };
  }

  /** Uploads a blob in two requests and reads it again. */
  async function roundTrip(host: string, http: TestClient): Promise<string> {
    const session = await http.send(host, "/v2/acme/app/blobs/uploads/", { method: "POST", access });
    expect(session.status).toBe(202);
    const location = session.headers.get("location") ?? "";
    const url = `${location}${location.includes("?") ? "&" : "?"}digest=${digestOf(content)}`;
    const body = {
      bytes: content.length,
      repeatable: false,
      open: async function* () {
        yield content;
      },
    };
    const put = await http.send(host, url, { method: "PUT", kind: "blob", access, body });
    expect(put.status).toBe(201);
    put.body.resume();
    return bodyOf(await http.send(host, `/v2/acme/app/blobs/${digestOf(content)}`, { kind: "blob", access }));
  }

  test.each<[string, DockerRegistryOptions, number]>([
    ["without login", {}, 3],
    ["with htpasswd: one more request, for the challenge", { auth: "htpasswd" }, 4],
    ["with a token server: two more, for challenge and token", { auth: "token" }, 5],
    ["with TLS and htpasswd", { auth: "htpasswd", tls: true }, 4],
  ])("takes and gives a blob %s", async (_, options, requests) => {
    const { host, http } = await start(options);
    await using _closing = http;
    expect(await roundTrip(host, http)).toBe(content.toString());
    expect(http.client.statistics().requests).toBe(requests);
  });

  test.each<DockerRegistryOptions>([{ auth: "htpasswd" }, { auth: "token" }])(
    "refuses a wrong password, %j",
    async (options) => {
      registry = await startDockerRegistry(options);
      const { host } = registry;
      const wrong = { ...credential, password: "wrong-Canary" };
      await using http = testClient({ plain: [host], login: [{ address: host, credential: wrong }] });
      const outcome: unknown = await http.send(host, "/v2/acme/app/tags/list", { access }).then(
        ({ status }) => ({ code: status === 401 ? "unauthorized" : status }),
        (error: unknown) => error,
      );
      expect(outcome).toMatchObject({ code: "unauthorized" });
      expect(String(outcome)).not.toContain("Canary");
    },
  );
});
