import { expect, test } from "vitest";
import { environmentSecrets } from "../../../engine/credentials/environment-secrets.ts";
import { createRedactor } from "../../../engine/http/redact.ts";
import { watched } from "../../../engine/http/service-secrets.ts";

const { signal } = new AbortController();
const url = new URL("https://login.example/token");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A redactor that has watched one question and its answer. */
async function afterAsking(
  question: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string },
  answer: string,
): Promise<(text: string) => string> {
  const redactor = createRedactor();
  const send = watched(
    () => Promise.resolve({ status: 200, headers: new Map<string, string>(), body: bytes(answer) }),
    redactor,
  );
  const { headers = {}, body } = question;
  const given = await send(
    { method: "POST", url, headers, ...(body === undefined ? {} : { body: bytes(body) }) },
    signal,
  );
  expect(Buffer.from(given.body).toString()).toBe(answer);
  return (text) => redactor.redact(text);
}

test.each([
  [{ body: "grant_type=client_credentials&client_secret=c%2Fanary1" }, "{}", "c/anary1"],
  [{ body: "client_assertion_type=urn&client_assertion=canary2" }, "{}", "canary2"],
  [{ body: JSON.stringify({ subject_token: "canary3" }) }, "", "canary3"],
  [{ headers: { Authorization: "Bearer canary4" } }, "", "canary4"],
  [{ headers: { "x-identity-header": "canary5" } }, "", "canary5"],
  [{}, JSON.stringify({ access_token: "canary6", token_type: "Bearer" }), "canary6"],
  [{}, JSON.stringify({ refresh_token: "canary7" }), "canary7"],
  [{}, JSON.stringify({ authorizationData: [{ authorizationToken: "canary8" }] }), "canary8"],
])("%o answered by %s: the secret is known from then on", async (question, answer, secret) => {
  const redact = await afterAsking(question, answer);
  expect(redact(`somebody said ${secret} again`)).toBe("somebody said *** again");
});

test("types, places and words beside secrets stay readable", async () => {
  const answer = JSON.stringify({
    token_type: "bearer-type",
    token_uri: "some-place",
    expires_in: 3600,
    error: "refused",
  });
  const redact = await afterAsking({ body: "grant_type=refresh_kind&client_id=client-name" }, answer);
  const text = "bearer-type some-place refused refresh_kind client-name";
  expect(redact(text)).toBe(text);
});

test.each(["", "{", "\u0000", "[".repeat(50_000), "a=b&".repeat(1000), "null", '"text"'])(
  "whatever is answered is passed on (%#)",
  async (answer) => {
    const redact = await afterAsking({ body: answer }, answer);
    expect(redact("harmless")).toBe("harmless");
  },
);

test("the secrets of an environment are those of its clouds", () => {
  const environment = { AZURE_CLIENT_SECRET: "one", AWS_SESSION_TOKEN: "two", AWS_REGION: "eu", PATH: "/bin" };
  expect(environmentSecrets(environment)).toEqual(["one", "two"]);
});
