import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RunningRegistry, TokenAuthOptions } from "../../embedded-registry/index.ts";
import { createProvider } from "../../provider-shim/provider.ts";
import { buildImage, type Endpoint, push } from "../support/images/index.ts";
import { basicAuthorization, makeCertificates, send } from "../support/registries/index.ts";
import {
  attachedProvider,
  block,
  type Body,
  expression,
  leaksIn,
  nested,
  type Secrets,
  terraformProgram,
  type Workspace,
} from "../support/terraform/index.ts";
import {
  configuration,
  type Intercept,
  mirror,
  openPackaged,
  openRegistry,
  openWorkspaceFor,
  patient,
} from "./stage.ts";

const image = buildImage({ seed: "secrets", layers: [2000] });

function secret(): string {
  // What breaks careless code: a colon, a plus, a slash, an equals sign, a quote.
  return `canary:${randomBytes(18).toString("base64")}+/="x`;
}

interface Vault {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly ca: string;
  /** What users have handed to the provider. */
  readonly given: Secrets;
  /** Tokens that the registries have issued, collected from the requests that carried them. */
  issued(): Secrets;
  /** The provider block, and the variables it takes its secrets from. */
  readonly provider: Body;
  readonly variables: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Lets the destination refuse and repeat in its answer what it was sent. */
  echo(where: "registry" | "token server"): void;
}

/** Two registries with TLS and tokens, and logins of every kind that the provider block knows. */
async function openVault(kind: "passwords" | "tokens"): Promise<Vault> {
  const { ca, cert, key } = await makeCertificates();
  const login = { user: "robot", password: secret() };
  const auth: TokenAuthOptions = { kind: "token", users: { [login.user]: login.password } };
  const seen = new Set<string>();
  const watch: Intercept = ({ headers }) => {
    const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    if (token !== undefined) seen.add(token);
    return undefined;
  };
  const [source, destination] = [
    await openRegistry({ tls: { cert, key }, auth, intercept: watch }),
    await openRegistry({ tls: { cert, key }, auth, intercept: watch }),
  ];
  const endpoint = (host: string): Endpoint => ({ host, plainHttp: false, ca });
  await push(image, {
    ...endpoint(source.host),
    headers: { authorization: `Bearer ${await tokenFor(source, "team/app", login, ca)}` },
    repository: "team/app",
    tag: "1.0",
  });
  const client = await makeCertificates();
  const given: Record<string, string> =
    kind === "passwords"
      ? {
          password: login.password,
          config_file_content: JSON.stringify({
            auths: { [source.host]: { auth: Buffer.from(`${login.user}:${login.password}`).toString("base64") } },
          }),
          client_key: client.key,
        }
      : {
          identity_token: await refreshToken(destination, login, ca),
          registry_token: await tokenFor(source, "team/app", login, ca),
        };
  const variable = (name: string): ReturnType<typeof expression> => expression(`var.${name}`);
  return {
    source,
    destination,
    ca,
    given: { ...given, "password of the login": login.password },
    issued: () => Object.fromEntries([...seen].map((token, number) => [`issued token ${number + 1}`, token])),
    provider: {
      registry: [
        nested({ address: source.host, ca_certificate: ca }),
        nested({
          address: destination.host,
          ca_certificate: ca,
          ...(kind === "passwords" ? { client_certificate: client.cert, client_key: variable("client_key") } : {}),
        }),
      ],
      ...(kind === "passwords"
        ? {
            config_file_content: variable("config_file_content"),
            registry_auth: nested({ address: destination.host, username: login.user, password: variable("password") }),
          }
        : {
            registry_auth: [
              nested({ address: destination.host, identity_token: variable("identity_token") }),
              nested({ address: source.host, registry_token: variable("registry_token") }),
            ],
          }),
    },
    // Ephemeral: terraform itself writes other variables into the plan.
    variables: Object.keys(given).map((name) => block(`variable "${name}"`, { ephemeral: true, sensitive: true })),
    environment: Object.fromEntries(Object.entries(given).map(([name, value]) => [`TF_VAR_${name}`, value])),
    echo(where) {
      destination.intercept = (request) => {
        watch(request);
        const [, bearer] = (request.headers.authorization ?? "").split(" ");
        const asked = request.kind === "token" ? "token server" : "registry";
        const known = asked === "registry" ? bearer : (given["password"] ?? given["identity_token"]);
        // Without a login the request passes, and the registry challenges it.
        if (known === undefined || asked !== where) return undefined;
        // Over and over: wherever the words are cut, a secret is cut, and its beginning must not remain.
        const words = `${`${known} `.repeat(40)} ${JSON.stringify(request.headers)}`;
        return {
          respond: {
            status: 403,
            headers: { "X-Echo": encodeURIComponent(known) },
            body: JSON.stringify({ errors: [{ code: "DENIED", message: words, detail: request.headers }] }),
          },
        };
      };
    },
  };
}

async function tokenFor(
  registry: RunningRegistry,
  repository: string,
  login: { user: string; password: string },
  ca: string,
): Promise<string> {
  return (await askToken(registry, `scope=repository:${repository}:pull,push`, login, ca)).token;
}

async function refreshToken(
  registry: RunningRegistry,
  login: { user: string; password: string },
  ca: string,
): Promise<string> {
  return (await askToken(registry, "offline_token=true", login, ca)).refresh_token ?? "";
}

async function askToken(
  registry: RunningRegistry,
  query: string,
  login: { user: string; password: string },
  ca: string,
): Promise<{ token: string; refresh_token?: string }> {
  const headers = { authorization: basicAuthorization(login) };
  const answer = await send(registry.url, `/token?service=x&${query}`, { ca, headers });
  return JSON.parse(answer.text) as { token: string; refresh_token?: string };
}

/** Runs everything that can say something: plan, apply, a refused apply, destroy, with the most talkative log. */
async function everythingSaid(workspace: Workspace, vault: Vault): Promise<Readonly<Record<string, string>>> {
  const said: Record<string, string> = {};
  const log = workspace.path("trace.log");
  const environment = { ...vault.environment, TF_LOG: "TRACE", TF_LOG_PATH: log };
  const run = async (name: string, args: readonly string[], code = 0): Promise<void> => {
    const result = await workspace.must(args, [code], environment);
    said[name] = `${result.stdout}\n${result.stderr}`;
  };
  const main = (destination: string): string =>
    configuration(
      vault.provider,
      ...vault.variables,
      mirror({ source: `${vault.source.host}/team/app:1.0`, destination: `${vault.destination.host}/${destination}` }),
      block('data "imagesync_image" "x"', { source: `${vault.source.host}/team/app:1.0` }),
    );
  await workspace.write(main("mirror/app:1.0"));
  await run("validate", ["validate", "-json"]);
  await run("plan", ["plan", "-no-color", "-input=false", "-out=saved"]);
  await run("plan as JSON", ["show", "-json", "saved"]);
  await run("apply", ["apply", "-no-color", "-input=false", "saved"]);
  await run("state as JSON", ["show", "-json"]);
  await workspace.write(main("mirror/app:2.0"));
  await run("plan before the refusal", ["plan", "-no-color", "-input=false", "-out=saved"]);
  vault.echo("registry");
  await run("refused apply", ["apply", "-no-color", "-input=false", "saved"], 1);
  await run("refused plan as JSON", ["plan", "-json", "-input=false"], 1);
  vault.echo("token server");
  await run("plan refused by the token server", ["plan", "-no-color", "-input=false"], 1);
  said["state file"] = (await workspace.stateFile()) ?? "";
  said["log"] = await readFile(log, "utf8");
  return said;
}

/** How the content of a configuration file and a PEM text begin, which is no secret. */
const publicBeginnings: ReadonlySet<string> = new Set(['{"auths":{"127.0', "-----BEGIN PRIVA"]);

function leaks(said: Readonly<Record<string, string>>, vault: Vault): readonly string[] {
  const whole = { ...vault.given, ...vault.issued() };
  const beginnings = Object.entries(whole).map(([name, secret]) => [`beginning of ${name}`, secret.slice(0, 16)]);
  const secrets: Secrets = {
    ...whole,
    ...Object.fromEntries(beginnings.filter(([, text = ""]) => !publicBeginnings.has(text))),
  };
  return Object.entries(said).flatMap(([where, text]) =>
    leaksIn(text, secrets).map((name) => `${name} in the ${where}`),
  );
}

describe.skipIf(terraformProgram === undefined)("secrets given to the provider", patient, () => {
  test.each(["passwords", "tokens"] as const)("%s: none is in a state, plan, log or error", async (kind) => {
    const vault = await openVault(kind);
    const said = await everythingSaid(await openWorkspaceFor(await openPackaged()), vault);
    expect(leaks(said, vault)).toEqual([]);
    // The provider has spoken of its requests, and carried tokens; else the silence would prove nothing.
    expect(said["log"]).toMatch(/imagesync: Call answered.*rpc=ApplyResourceChange/);
    expect(said["refused apply"]).toMatch(/Access denied/);
    expect(Object.keys(vault.issued()).length).toBeGreaterThan(1);
  });

  test("the search finds them when the provider does not keep them to itself", async () => {
    const vault = await openVault("passwords");
    const definition = createProvider({
      version: "0.0.0",
      environment: {},
      redactor: { redact: (text) => text, registerSecret: () => undefined, keepSecret: () => undefined },
    });
    const careless = await attachedProvider(definition);
    onTestFinished(() => careless.close());
    const said = await everythingSaid(await openWorkspaceFor(careless), vault);
    expect(leaks(said, vault).join()).toMatch(/issued token \d+ in the refused apply/);
  });
});
