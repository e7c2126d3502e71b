import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRegistry } from "../../embedded-registry/index.ts";
import { fetchTree, imageKinds, push, treeOf } from "../support/images/index.ts";
import { type Behaviour, status, UNKNOWN_DIGEST } from "../support/registries/behaviours/behaviour.ts";
import { starting } from "../support/registries/behaviours/starting.ts";
import { uploads } from "../support/registries/behaviours/uploads.ts";
import { mounts } from "../support/registries/behaviours/mounts.ts";
import { blobs } from "../support/registries/behaviours/blobs.ts";
import { manifests } from "../support/registries/behaviours/manifests.ts";
import { tags } from "../support/registries/behaviours/tags.ts";
import { deletions } from "../support/registries/behaviours/deletions.ts";
import { referrers } from "../support/registries/behaviours/referrers.ts";
import {
  basicAuthorization,
  dockerRegistryProgram,
  makeCertificates,
  send,
  startDockerRegistry,
  testLogin,
  type PlainAnswer,
} from "../support/registries/index.ts";
import { digestOf, protocolSteps } from "../support/registries/protocol-steps.ts";
import { askForToken, bearer, challengeField } from "../support/registries/token-login.ts";

const table: Readonly<Record<string, readonly Behaviour[]>> = {
  starting,
  uploads,
  mounts,
  blobs,
  manifests,
  tags,
  deletions,
  referrers,
};

interface Started {
  readonly url: string;
  readonly host: string;
  close(): Promise<void>;
}

const registries: readonly { name: string; real: boolean; start: () => Promise<Started> }[] = [
  { name: "the embedded registry in memory", real: false, start: () => startRegistry() },
  { name: "the embedded registry on disk", real: false, start: startOnDisk },
  { name: "docker-registry", real: true, start: () => startDockerRegistry() },
];

describe.each(registries)("$name", ({ real, start }) => {
  describe.skipIf(real && dockerRegistryProgram === undefined)("protocol", () => {
    let registry: Started;
    let repositories = 0;
    beforeAll(async () => {
      registry = await start();
    });
    afterAll(() => registry.close());

    describe.each(Object.entries(table))("%s", (_group, behaviours) => {
      test.each(behaviours)("$does", async (behaviour) => {
        repositories += 1;
        const here = protocolSteps(registry.url, `protocol/here-${repositories}`);
        const neighbour = protocolSteps(registry.url, `protocol/neighbour-${repositories}`);
        const expected = real && "dockerRegistry" in behaviour ? behaviour.dockerRegistry : behaviour.answer;
        expect(await behaviour.ask(here, neighbour)).toEqual(expected);
      });
    });

    const refused = imageKinds.filter((kind) => real && !kind.distribution2);
    test.each(imageKinds.filter((kind) => !refused.includes(kind)))(
      "an image of the kind $name comes back as it was pushed",
      async (kind) => {
        const image = kind.build();
        const repository = `kinds/${kind.name.toLowerCase().replaceAll(" ", "-")}`;
        await push(image, { host: registry.host, repository, tag: "tag" });
        expect(await fetchTree(registry, repository, "tag")).toEqual(treeOf(image));
      },
    );
    test.each(refused)("an image of the kind $name is refused", async (kind) => {
      const target = { host: registry.host, repository: "kinds/refused", tag: "tag" };
      await expect(push(kind.build(), target)).rejects.toThrow("kinds/refused");
    });
  });
});

describe("deletion switched off", () => {
  const off = [
    { name: "the embedded registry", real: false, start: () => startRegistry({ allowDelete: false }) },
    { name: "docker-registry", real: true, start: () => startDockerRegistry({ deleteEnabled: false }) },
  ];
  describe.each(off)("of $name", ({ real, start }) => {
    test.skipIf(real && dockerRegistryProgram === undefined)(
      "every deletion is answered with 405, except of an upload",
      async () => {
        const registry = await start();
        try {
          const here = protocolSteps(registry.url, "protocol/deletion");
          const { digest } = await here.image("tag");
          expect(await status(here.ask("DELETE", `manifests/${digest}`))).toEqual([405, "UNSUPPORTED"]);
          expect(await status(here.ask("DELETE", `manifests/${UNKNOWN_DIGEST}`))).toEqual([405, "UNSUPPORTED"]);
          expect(await status(here.ask("DELETE", `blobs/${digestOf("layer of tag")}`))).toEqual([405, "UNSUPPORTED"]);
          expect((await here.ask("DELETE", await here.begin())).status).toBe(204);
          expect((await here.read("tag")).status).toBe(200);
        } finally {
          await registry.close();
        }
      },
    );
  });
});

const users = { [testLogin.user]: testLogin.password };

describe("login by Basic", () => {
  const starts = [
    { name: "the embedded registry", real: false, start: () => startRegistry({ auth: { kind: "basic", users } }) },
    { name: "docker-registry", real: true, start: () => startDockerRegistry({ auth: "htpasswd" }) },
  ];
  describe.each(starts)("at $name", ({ real, start }) => {
    test.skipIf(real && dockerRegistryProgram === undefined)("only the right password opens", async () => {
      const registry = await start();
      try {
        const ask = (login?: { user: string; password: string }): Promise<PlainAnswer> =>
          send(
            registry.url,
            "/v2/",
            login === undefined ? {} : { headers: { Authorization: basicAuthorization(login) } },
          );
        const anonymous = await ask();
        expect(anonymous.status).toBe(401);
        expect(anonymous.headers["www-authenticate"]).toBe('Basic realm="registry"');
        expect(anonymous.code).toBe("UNAUTHORIZED");
        expect((await ask({ ...testLogin, password: "wrong" })).status).toBe(401);
        expect((await ask({ ...testLogin, user: "nobody" })).status).toBe(401);
        expect((await ask(testLogin)).status).toBe(200);
        const here = protocolSteps(registry.url, "a/b", { headers: { Authorization: basicAuthorization() } });
        await here.image("tag");
        expect((await here.read("tag")).status).toBe(200);
      } finally {
        await registry.close();
      }
    });
  });
});

describe("login by token", () => {
  const starts = [
    { name: "the embedded registry", real: false, start: () => startRegistry({ auth: { kind: "token", users } }) },
    { name: "docker-registry", real: true, start: () => startDockerRegistry({ auth: "token" }) },
  ];
  describe.each(starts)("at $name", ({ real, start }) => {
    test.skipIf(real && dockerRegistryProgram === undefined)("a token opens what it was issued for", async () => {
      const registry = await start();
      try {
        const challenge = await send(registry.url, "/v2/a/b/blobs/uploads/", { method: "POST" });
        expect(challenge.status).toBe(401);
        // docker-registry names the actions in any order, another one each time.
        expect(challengeField(challenge, "scope")).toMatch(/^repository:a\/b:(pull,push|push,pull)$/);

        expect((await askForToken(challenge, "repository:a/b:pull", { ...testLogin, password: "wrong" })).status).toBe(
          401,
        );
        const pushing = bearer(await askForToken(challenge, "repository:a/b:pull,push"));
        const here = protocolSteps(registry.url, "a/b", { headers: { Authorization: pushing } });
        await here.image("tag");

        const pulling = bearer(await askForToken(challenge, "repository:a/b:pull"));
        const reader = protocolSteps(registry.url, "a/b", { headers: { Authorization: pulling } });
        expect((await reader.read("tag")).status).toBe(200);
        const refused = await reader.ask("POST", "blobs/uploads/");
        expect([refused.status, challengeField(refused, "error")]).toEqual([401, "insufficient_scope"]);
        const deletion = await here.ask("DELETE", await here.begin());
        expect([deletion.status, challengeField(deletion, "scope")]).toEqual([401, "repository:a/b:delete"]);
        const elsewhere = await protocolSteps(registry.url, "a/c", { headers: { Authorization: pushing } }).read("tag");
        expect([elsewhere.status, challengeField(elsewhere, "scope")]).toEqual([401, "repository:a/c:pull"]);
        const forged = protocolSteps(registry.url, "a/b", { headers: { Authorization: "Bearer a.b.c" } });
        expect((await forged.read("tag")).status).toBe(401);
      } finally {
        await registry.close();
      }
    });

    test.skipIf(real && dockerRegistryProgram === undefined)(
      "a blob is mounted only from where the token may pull",
      async () => {
        const registry = await start();
        try {
          const challenge = await send(registry.url, "/v2/");
          const both = "repository:a/from:pull,push repository:a/to:pull,push";
          const asBoth = { headers: { Authorization: bearer(await askForToken(challenge, both)) } };
          const { digest } = await protocolSteps(registry.url, "a/from", asBoth).blob("content");
          const mount = `blobs/uploads/?mount=${digest}&from=a/from`;
          const one = bearer(await askForToken(challenge, "repository:a/to:pull,push"));
          const asOne = protocolSteps(registry.url, "a/to", { headers: { Authorization: one } });
          // docker-registry asks for a better token, the embedded one opens a session: both are usual.
          expect((await asOne.ask("POST", mount)).status).toBe(real ? 401 : 202);
          expect((await asOne.ask("HEAD", `blobs/${digest}`)).status).toBe(404);
          expect((await protocolSteps(registry.url, "a/to", asBoth).ask("POST", mount)).status).toBe(201);
        } finally {
          await registry.close();
        }
      },
    );
  });
});

describe("TLS", () => {
  const starts = [
    { name: "the embedded registry", real: false, start: startWithTls },
    { name: "docker-registry", real: true, start: () => startDockerRegistry({ tls: true }) },
  ];
  describe.each(starts)("at $name", ({ real, start }) => {
    test.skipIf(real && dockerRegistryProgram === undefined)("only who trusts the authority gets through", async () => {
      const registry = await start();
      try {
        const { url, ca } = registry;
        if (ca === undefined) throw new Error("The registry was started without TLS");
        expect(url).toMatch(/^https:/);
        expect((await send(url, "/v2/", { ca })).status).toBe(200);
        await expect(send(url, "/v2/")).rejects.toThrow(/certificate/);
      } finally {
        await registry.close();
      }
    });
  });
});

async function startWithTls(): Promise<Started & { ca?: string }> {
  const { ca, cert, key } = await makeCertificates();
  const registry = await startRegistry({ tls: { cert, key } });
  return { url: registry.url, host: registry.host, ca, close: () => registry.close() };
}

async function startOnDisk(): Promise<Started> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-registry-"));
  const registry = await startRegistry({ storage: { directory } });
  return {
    url: registry.url,
    host: registry.host,
    async close() {
      await registry.close();
      await rm(directory, { recursive: true });
    },
  };
}
