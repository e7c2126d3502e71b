import { inspect } from "node:util";
import { Compute, GoogleAuth } from "google-auth-library";
import { afterEach, expect, test, vi } from "vitest";
import { createCredentialChain } from "../../../engine/credentials/chain.ts";
import { CloudLogins } from "../../../engine/credentials/cloud-logins.ts";
import { requestDirectly } from "../../../engine/credentials/cloud-request.ts";
import type { Environment } from "../../../engine/credentials/environment.ts";
import { detour, detourOf, noMachine, nowhere } from "../../support/clouds/detour.ts";
import { type GoogleServer, startGoogle } from "../../support/clouds/google.ts";
import { scratch } from "../../support/clouds/scratch.ts";
import { failureOf } from "../failure.ts";

afterEach(() => vi.unstubAllEnvs());

/** A machine that is not at Google. */
function elsewhere(google: GoogleServer, environment: Environment): CloudLogins {
  return new CloudLogins({
    environment,
    request: detour(google),
    requestDirectly: (message, signal) =>
      (message.url.host === google.host ? requestDirectly : noMachine)(message, signal),
  });
}

const login = (token: string | undefined) => ({ kind: "basic", username: "oauth2accesstoken", password: token });

test.each([
  ["a service account", (google: GoogleServer) => google.serviceAccount],
  ["a user", (google: GoogleServer) => google.user],
  ["a federated identity that impersonates an account", (google: GoogleServer) => google.external],
  [
    "a user that impersonates an account",
    (google: GoogleServer) => ({
      type: "impersonated_service_account",
      service_account_impersonation_url: google.external["service_account_impersonation_url"],
      source_credentials: google.user,
    }),
  ],
])("the key file of %s logs in", async (kind, key) => {
  await using google = await startGoogle({
    onRequest: (request, response) => {
      // The account behind is impersonated with whatever token its source got.
      if (!kind.startsWith("a user that") || !request.url.endsWith(":generateAccessToken")) return false;
      expect(request.headers.authorization).toBe(`Bearer ${google.tokens[0]}`);
      const expireTime = new Date(Date.now() + 3_600_000).toISOString();
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ accessToken: "impersonated", expireTime }));
      return true;
    },
  });
  await using files = await scratch();
  const path = await files.write("key.json", `\uFEFF${JSON.stringify(key(google))}`);
  const found = await elsewhere(google, { GOOGLE_APPLICATION_CREDENTIALS: path }).find("eu.gcr.io");
  const token = kind.startsWith("a user that") ? "impersonated" : google.tokens.at(-1);
  expect(found).toEqual({
    credential: login(token),
    origin: `the key file ${path} (GOOGLE_APPLICATION_CREDENTIALS)`,
  });
});

test("what gcloud has left is found in its directory, and in the home directory", async () => {
  await using google = await startGoogle();
  await using files = await scratch();
  await files.write("application_default_credentials.json", JSON.stringify(google.user));
  const found = await elsewhere(google, { CLOUDSDK_CONFIG: files.directory }).find("gcr.io");
  expect(found?.credential).toEqual(login(google.tokens[0]));
  expect(found?.origin).toContain("gcloud");
  await expect(elsewhere(google, { HOME: files.directory }).find("gcr.io")).resolves.toBeUndefined();
});

test("the metadata service gives the token of the machine, and a library of Google's is served the same", async () => {
  await using google = await startGoogle();
  const clouds = new CloudLogins({ environment: { GCE_METADATA_HOST: google.host }, request: nowhere });
  const found = await clouds.find("europe-docker.pkg.dev");
  expect(found?.credential).toEqual(login(google.tokens[0]));
  expect(found?.origin).toContain("metadata server");

  vi.stubEnv("GCE_METADATA_HOST", google.host);
  expect((await new Compute().getAccessToken()).token).toBe(google.tokens[1]);
});

test("a library of Google's gets its token from the same server with the same keys", async () => {
  await using google = await startGoogle();
  for (const credentials of [google.serviceAccount, google.user, google.external]) {
    const auth = new GoogleAuth({
      credentials,
      scopes: ["https://www.googleapis.com/auth/cloud-platform"],
      clientOptions: {
        transporterOptions: { fetchImplementation: (url, init) => fetch(detourOf(google, new Request(url).url), init) },
      },
    });
    expect((await (await auth.getClient()).getAccessToken()).token).toBe(google.tokens.at(-1));
  }
  expect(google.tokens).toHaveLength(3);
});

test("a machine without a service account, a metadata service of another cloud and none at all are anonymous", async () => {
  await using bare = await startGoogle({
    onRequest: ({ url }, response) => {
      if (!url.includes("/token")) return false;
      response.writeHead(404, { "metadata-flavor": "Google" }).end();
      return true;
    },
  });
  await using other = await startGoogle({
    onRequest: (_, response) => {
      response.writeHead(200).end("{}");
      return true;
    },
  });
  for (const environment of [{ GCE_METADATA_HOST: bare.host }, { GCE_METADATA_HOST: other.host }]) {
    await expect(new CloudLogins({ environment, request: nowhere }).find("gcr.io")).resolves.toBeUndefined();
  }
  const detached = new CloudLogins({
    environment: { METADATA_SERVER_DETECTION: "none" },
    request: nowhere,
    requestDirectly: nowhere,
  });
  await expect(detached.find("gcr.io")).resolves.toBeUndefined();
  const chain = createCredentialChain({ environment: {}, clouds: { request: nowhere, requestDirectly: noMachine } });
  expect(await chain.find("gcr.io", "project/app")).toEqual({ credential: { kind: "anonymous" }, origin: "anonymous" });
});

test.each([
  ["is missing", undefined, /does not exist/],
  ["is empty", "", /no JSON object/],
  ["is no JSON", "secret-Canary", /no JSON object/],
  ["is an array", `["secret-Canary"]`, /no JSON object/],
  [
    "has a broken key",
    JSON.stringify({ type: "service_account", client_email: "x", private_key: "secret-Canary" }),
    /no usable key/,
  ],
  ["has no key", JSON.stringify({ type: "service_account", client_email: "secret-Canary" }), /no usable key/],
  ["is of no known kind", JSON.stringify({ type: "external_account", audience: "secret-Canary" }), /no usable key/],
  ["is huge", " ".repeat(300_000), /larger than/],
])("a key file that %s is an error that does not repeat it", async (_, content, why) => {
  await using google = await startGoogle();
  await using files = await scratch();
  const path = content === undefined ? `${files.directory}/none.json` : await files.write("key.json", content);
  const error = await failureOf(() => elsewhere(google, { GOOGLE_APPLICATION_CREDENTIALS: path }).find("gcr.io"));
  expect(error).toMatchObject({ code: "credentials", registry: "gcr.io", message: expect.stringMatching(why) });
  expect(error?.message).toContain(path);
  expect(error?.hint).toBeDefined();
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("Canary");
});

test("a directory in place of the key file is an error", async () => {
  await using google = await startGoogle();
  await using files = await scratch();
  const clouds = elsewhere(google, { GOOGLE_APPLICATION_CREDENTIALS: files.directory });
  expect(await failureOf(() => clouds.find("gcr.io"))).toMatchObject({ message: expect.stringContaining("EISDIR") });
});

test("a key that Google refuses is an error with Google's name for it, not with the assertion that it repeats", async () => {
  await using google = await startGoogle();
  await using stranger = await startGoogle();
  await using files = await scratch();
  const revoked = await files.write("key.json", JSON.stringify(stranger.serviceAccount));
  const user = await files.write("user.json", JSON.stringify({ ...google.user, refresh_token: "refresh-Canary" }));
  for (const path of [revoked, user]) {
    const error = await failureOf(() => elsewhere(google, { GOOGLE_APPLICATION_CREDENTIALS: path }).find("gcr.io"));
    expect(error).toMatchObject({ code: "credentials", status: 400 });
    expect(error?.message).toMatch(/status 400 \(invalid_grant\)$/);
    const assertion = new URLSearchParams(google.requests.at(-1)?.body.toString()).get("assertion");
    const told = inspect(error, { depth: 10, showHidden: true });
    expect(told).not.toContain("Canary");
    expect(told).not.toContain(assertion ?? "refresh-Canary");
  }
});

test("Google out of reach is no broken key: the error says so, and may be tried again", async () => {
  await using google = await startGoogle();
  await using files = await scratch();
  const path = await files.write("key.json", JSON.stringify(google.user));
  const clouds = new CloudLogins({ environment: { GOOGLE_APPLICATION_CREDENTIALS: path }, request: noMachine });
  const error = await failureOf(() => clouds.find("gcr.io"));
  expect(error).toMatchObject({ code: "unavailable", message: expect.stringContaining("ECONNREFUSED") });
});

test("a service account of the machine that gets no token is an error", async () => {
  await using google = await startGoogle({
    onRequest: ({ url }, response) => {
      if (!url.includes("/token")) return false;
      response.writeHead(403, { "metadata-flavor": "Google" }).end(`{"error":"insufficient_scopes"}`);
      return true;
    },
  });
  const clouds = new CloudLogins({ environment: { GCE_METADATA_HOST: google.host }, request: nowhere });
  expect(await failureOf(() => clouds.find("gcr.io"))).toMatchObject({
    code: "credentials",
    message: expect.stringContaining("status 403 (insufficient_scopes)"),
  });
});

test("a key given as a login is a password like any other, with its line breaks", async () => {
  const key = JSON.stringify({ type: "service_account", private_key: "-----BEGIN\nx" }, undefined, 2);
  const clouds = { request: nowhere, requestDirectly: nowhere };
  for (const [username, password] of [
    ["_json_key", key],
    ["_json_key_base64", Buffer.from(key).toString("base64")],
  ] as const) {
    const credential = { kind: "basic", username, password } as const;
    const explicit = createCredentialChain({ environment: {}, explicit: [{ address: "gcr.io", credential }], clouds });
    expect((await explicit.find("gcr.io", "project/app")).credential).toEqual(credential);
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    const configFileContent = JSON.stringify({ auths: { "https://gcr.io": { auth } } });
    const file = createCredentialChain({ environment: {}, configFileContent, clouds });
    expect((await file.find("gcr.io", "project/app")).credential).toEqual(credential);
  }
});
