import { writeFile } from "node:fs/promises";
import { expect } from "vitest";
import {
  openAttached,
  openPackaged,
  openRegistry,
  openWorkspaceFor,
  digestOfTag,
  mirror,
} from "../acceptance/stage.ts";
import { buildImage, push } from "../support/images/index.ts";
import { basicAuthorization } from "../support/registries/index.ts";
import type { Handler } from "./handler.ts";
import { substitute } from "./newcomer.ts";

const secret = "correct horse battery staple";

/** The login of the README opens a registry that asks for one. */
export const loginsHandler: Handler = {
  proves: "the login in the provider block opens a registry, a wrong password does not, and the state knows neither",
  blocks: ["README.md > Logins > 1"],
  needs: ["terraform"],
  async run([block]) {
    const registry = await openRegistry({ auth: { kind: "basic", users: { robot: secret } } });
    const image = buildImage({ seed: "private", layers: [1000] });
    const headers = { authorization: basicAuthorization({ user: "robot", password: secret }) };
    await push(image, { host: registry.host, headers, repository: "team/app", tag: "1" });

    const workspace = await openWorkspaceFor(await openAttached());
    const printed = substitute(block?.text ?? "", { "registry.example.com": registry.host });
    // TLS is not the subject: the same registry in plain HTTP needs a word more in the provider block.
    const transport = `  registry {\n    address    = "${registry.host}"\n    plain_http = true\n  }\n}`;
    await workspace.write(
      [
        'terraform {\n  required_providers {\n    imagesync = { source = "imagesync/imagesync" }\n  }\n}\n',
        'variable "registry_password" {\n  sensitive = true\n}\n',
        printed.replace(/\}\n$/, `${transport}\n`),
        mirror({ source: `${registry.host}/team/app:1`, destination: `${registry.host}/team/copy:1` }),
      ].join("\n"),
    );
    const apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
    const refused = await workspace.fails(apply, { TF_VAR_registry_password: "wrong" });
    expect(refused.text).toContain("401");
    await workspace.must(apply, [0], { TF_VAR_registry_password: secret });
    expect(await digestOfTag({ host: registry.host, headers }, "team/copy", "1")).toBe(image.digest);
    const state = (await workspace.stateFile()) ?? "";
    expect(state).toContain(image.digest);
    expect(state).not.toContain(secret);
  },
};

const secrets = { "robot-a": secret, "robot-b": `${secret} of b` };

/** The two accounts of docs/guides/authentication.md, the second from a helper, each used for its own repositories. */
export const accountsHandler: Handler = {
  proves: "two accounts of one registry are used in one apply, and neither works in the other's repositories",
  blocks: ["docs/guides/authentication.md > Several accounts > 1"],
  needs: ["terraform"],
  async run([block]) {
    const allow = (user: string | undefined, repository: string): boolean =>
      repository.startsWith(`${user?.replace("robot", "team") ?? "nobody"}/`);
    const source = await openRegistry();
    const registry = await openRegistry({ auth: { kind: "basic", users: secrets, allow } });
    const image = buildImage({ seed: "accounts", layers: [1000] });
    await push(image, { host: source.host, repository: "app", tag: "1" });

    const workspace = await openWorkspaceFor(await openPackaged());
    const login = JSON.stringify({ Username: "robot-b", Secret: secrets["robot-b"] });
    const helper = workspace.path("docker-credential-vault");
    await writeFile(helper, `#!/bin/sh\ncat > /dev/null\necho '${login}'\n`, { mode: 0o755 });
    const printed = substitute(block?.text ?? "", { "registry.example.com": registry.host });
    const transport = [source, registry].map(
      ({ host }) => `  registry {\n    address    = "${host}"\n    plain_http = true\n  }\n`,
    );
    await workspace.write(
      [
        'terraform {\n  required_providers {\n    imagesync = { source = "imagesync/imagesync" }\n  }\n}\n',
        'variable "password_a" {\n  sensitive = true\n}\n',
        printed.replace(/\}\n$/, `${transport.join("")}}\n`),
        ...["a", "b"].map((team) =>
          mirror({ source: `${source.host}/app:1`, destination: `${registry.host}/team-${team}/app:1` }, team),
        ),
      ].join("\n"),
    );
    const environment = {
      TF_VAR_password_a: secret,
      PATH: `${workspace.path(".")}:${process.env["PATH"] ?? ""}`,
    };
    await workspace.must(["apply", "-auto-approve", "-input=false", "-no-color"], [0], environment);
    for (const [user, password] of Object.entries(secrets)) {
      const headers = { authorization: basicAuthorization({ user, password }) };
      const repository = `${user.replace("robot", "team")}/app`;
      expect(await digestOfTag({ host: registry.host, headers }, repository, "1")).toBe(image.digest);
    }
    expect(registry.requests.filter(({ status }) => status === 403)).toEqual([]);
  },
};
