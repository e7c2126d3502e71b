import { mkdir, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { RunningRegistry } from "../../embedded-registry/index.ts";
import { buildImage } from "../support/images/index.ts";
import { makeCertificates } from "../support/registries/index.ts";
import { type Body, nested, terraformProgram, type Workspace } from "../support/terraform/index.ts";
import { configuration, mirror, openPackaged, openRegistry, openWorkspaceFor, patient, pushTo } from "./stage.ts";

const image = buildImage({ seed: "environment", layers: [2000] });
const login = { user: "robot", password: "a password of the tests" };
const auth = { kind: "basic", users: { [login.user]: login.password } } as const;
const dockerConfig = (host: string): string =>
  JSON.stringify({ auths: { [host]: { auth: Buffer.from(`${login.user}:${login.password}`).toString("base64") } } });

const plainHttp = (host: string): ReturnType<typeof nested> => nested({ address: host, plain_http: true });

async function prepared(): Promise<{ readonly source: RunningRegistry; readonly workspace: Workspace }> {
  const source = await openRegistry();
  await pushTo(source, "team/app", "1.0", image);
  return { source, workspace: await openWorkspaceFor(await openPackaged()) };
}

function main(provider: Body, source: RunningRegistry, destination: RunningRegistry): string {
  return configuration(
    provider,
    mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` }),
  );
}

const apply = ["apply", "-auto-approve", "-no-color", "-input=false"];

describe.skipIf(terraformProgram === undefined)("the environment of the packaged provider", patient, () => {
  test("SSL_CERT_FILE names the authorities to trust, as for other providers", async () => {
    const { source, workspace } = await prepared();
    const { ca, cert, key } = await makeCertificates();
    const destination = await openRegistry({ tls: { cert, key } });
    await workspace.write(main({ registry: plainHttp(source.host) }, source, destination));
    expect((await workspace.fails(apply)).text).toMatch(/TLS failed/);
    await writeFile(workspace.path("ca.pem"), ca);
    await workspace.must(apply, [0], { SSL_CERT_FILE: workspace.path("ca.pem") });
  });

  test("insecure_skip_verify accepts any certificate", async () => {
    const { source, workspace } = await prepared();
    const { cert, key } = await makeCertificates();
    const destination = await openRegistry({ tls: { cert, key } });
    const insecure = nested({ address: destination.host, insecure_skip_verify: true });
    await workspace.write(main({ registry: [plainHttp(source.host), insecure] }, source, destination));
    expect((await workspace.apply()).text).toContain("1 added");
  });

  test("plain HTTP is never tried unless asked for", async () => {
    const { source, workspace } = await prepared();
    const destination = await openRegistry();
    await workspace.write(main({ registry: plainHttp(source.host) }, source, destination));
    expect((await workspace.fails(apply)).text).toMatch(/TLS failed|Registry unavailable/);
    expect(destination.requests).toEqual([]);
  });

  test.each(["DOCKER_CONFIG", "config_file", "config_file_content", "home"])("logins come from %s", async (where) => {
    const { source, workspace } = await prepared();
    const destination = await openRegistry({ auth });
    const file = workspace.path(where === "home" ? ".docker/config.json" : "docker/config.json");
    await mkdir(file.replace(/\/config\.json$/, ""));
    await writeFile(file, dockerConfig(destination.host));
    const provider: Body = {
      registry: [plainHttp(source.host), plainHttp(destination.host)],
      ...(where === "config_file" ? { config_file: file } : {}),
      ...(where === "config_file_content" ? { config_file_content: dockerConfig(destination.host) } : {}),
    };
    await workspace.write(main(provider, source, destination));
    const environment = where === "DOCKER_CONFIG" ? { DOCKER_CONFIG: workspace.path("docker") } : undefined;
    expect((await workspace.must(apply, [0], environment)).text).toContain("1 added");
  });

  test.each(["IMAGESYNC_CONFIG_FILE", "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE", "DOCKER_AUTH_CONFIG"])(
    "logins come from %s",
    async (name) => {
      const { source, workspace } = await prepared();
      const destination = await openRegistry({ auth });
      const file = workspace.path("containers/auth.json");
      await mkdir(workspace.path("containers"));
      await writeFile(file, dockerConfig(destination.host));
      const values: Readonly<Record<string, string>> = {
        XDG_RUNTIME_DIR: workspace.path("."),
        DOCKER_AUTH_CONFIG: dockerConfig(destination.host),
      };
      const provider: Body = { registry: [plainHttp(source.host), plainHttp(destination.host)] };
      await workspace.write(main(provider, source, destination));
      expect((await workspace.must(apply, [0], { [name]: values[name] ?? file })).text).toContain("1 added");
    },
  );

  test("a credential helper that docker's configuration names is asked, and one that fails stops the apply", async () => {
    const { source, workspace } = await prepared();
    const destination = await openRegistry({ auth });
    const answer = JSON.stringify({ Username: login.user, Secret: login.password });
    const helper = workspace.path("docker-credential-tests");
    await writeFile(helper, `#!/bin/sh\necho 'canary-of-a-helper' >&2\nexit 3\n`, { mode: 0o755 });
    const config = workspace.path("config.json");
    await writeFile(config, JSON.stringify({ credHelpers: { [destination.host]: "tests" } }));
    const provider: Body = { registry: [plainHttp(source.host), plainHttp(destination.host)], config_file: config };
    await workspace.write(main(provider, source, destination));
    const environment = { PATH: `${workspace.path(".")}:${process.env["PATH"] ?? ""}` };
    const failed = await workspace.must(apply, [1], environment);
    expect(failed.text).toMatch(/Credentials unusable[^]*credential helper "tests"[^]*exit code 3/);
    expect(failed.text).not.toContain("canary-of-a-helper");
    expect(destination.requests).toEqual([]);
    await writeFile(helper, `#!/bin/sh\ncat > /dev/null\necho '${answer}'\n`);
    expect((await workspace.must(apply, [0], environment)).text).toContain("1 added");
  });

  test("a block without a secret takes user and password from the environment", async () => {
    const { source, workspace } = await prepared();
    const destination = await openRegistry({ auth });
    const provider: Body = {
      registry: [plainHttp(source.host), plainHttp(destination.host)],
      registry_auth: nested({ address: destination.host }),
    };
    await workspace.write(main(provider, source, destination));
    expect((await workspace.fails(apply)).text).toMatch(/Login without a secret/);
    const environment = { IMAGESYNC_REGISTRY_USER: login.user, IMAGESYNC_REGISTRY_PASS: login.password };
    expect((await workspace.must(apply, [0], environment)).text).toContain("1 added");
  });

  test("a login in the provider block goes before one in a file, and auth_disabled asks without", async () => {
    const { source, workspace } = await prepared();
    const destination = await openRegistry({ auth });
    await writeFile(
      workspace.path("wrong.json"),
      dockerConfig(destination.host).replace(/"auth":"[^"]*"/, '"auth":"eDp5"'),
    );
    const block = (registryAuth: Body): Body => ({
      registry: [plainHttp(source.host), plainHttp(destination.host)],
      config_file: workspace.path("wrong.json"),
      registry_auth: nested({ address: destination.host, ...registryAuth }),
    });
    await workspace.write(main(block({ auth_disabled: true }), source, destination));
    expect((await workspace.fails(apply)).text).toMatch(/Not logged in/);
    await workspace.write(main(block({ username: login.user, password: login.password }), source, destination));
    await workspace.apply();
  });

  test("registries see who asks: terraform, the provider, and what TF_APPEND_USER_AGENT adds", async () => {
    const { source, workspace } = await prepared();
    const destination = await openRegistry();
    const agents = new Set<unknown>();
    destination.intercept = ({ headers }) => {
      agents.add(headers["user-agent"]);
      return undefined;
    };
    await workspace.write(
      main({ registry: [source, destination].map(({ host }) => plainHttp(host)) }, source, destination),
    );
    await workspace.must(apply, [0], { TF_APPEND_USER_AGENT: "team-platform/7" });
    expect(agents.size).toBe(1);
    expect([...agents][0]).toMatch(
      /^Terraform\/\d+\.\d+\.\d+ \(\+https:\/\/www\.terraform\.io\) terraform-provider-imagesync\/\d+\.\d+\.\d+\S* team-platform\/7$/,
    );
  });
});
