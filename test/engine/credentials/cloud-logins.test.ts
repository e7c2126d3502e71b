import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createCredentialChain } from "../../../engine/credentials/chain.ts";
import { cloudHostOf } from "../../../engine/credentials/cloud-host.ts";
import type { Credential } from "../../../engine/credentials/credential.ts";
import type { CloudLoginFinder } from "../../../engine/credentials/cloud-login.ts";
import { CloudLogins } from "../../../engine/credentials/cloud-logins.ts";
import { requestDirectly } from "../../../engine/credentials/cloud-request.ts";
import { ImagesyncError } from "../../../engine/errors.ts";
import { startServer } from "../http/scripted-server.ts";

test.each([
  ["gcr.io", "google"],
  ["eu.gcr.io", "google"],
  ["europe-west1-docker.pkg.dev", "google"],
  ["team.azurecr.io", "azure"],
  ["team.westeurope.azurecr.io", "azure"],
  ["team.azurecr.cn", "azure"],
  ["team.azurecr.us", "azure"],
  ["public.ecr.aws", "amazon-public"],
  ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "amazon"],
  ["123456789012.dkr.ecr-fips.us-gov-east-1.amazonaws.com", "amazon"],
  ["123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn", "amazon"],
  ["123456789012.dkr-ecr.eu-west-1.on.aws", "amazon"],
  ["123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "amazon"],
  ["123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "amazon"],
])("%s belongs to %s", (host, cloud) => {
  expect(cloudHostOf(host)?.cloud).toBe(cloud);
});

test.each([
  "docker.io",
  "gcr.io.example.com",
  "evilgcr.io",
  "gcr.io:443",
  "a.b.gcr.io",
  "docker.pkg.dev.example.com",
  "x-docker.pkg.dev:5000",
  "azurecr.io",
  "team.azurecr.io.example.com",
  "team.azurecr.io:443",
  "evil.com/team.azurecr.io",
  "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
  "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com",
  "123456789012.dkr.ecr.evil.example.com",
  "123456789012.dkr.ecr.evil.amazonaws.com",
  "public.ecr.aws.example.com",
  "127.0.0.1:5000",
  "",
])("%j belongs to no cloud: no login of the machine goes there", (host) => {
  expect(cloudHostOf(host)).toBeUndefined();
});

test("no host of anybody else belongs to a cloud", () => {
  const zones = fc.constantFrom(
    "gcr.io",
    "x-docker.pkg.dev",
    "team.azurecr.io",
    "public.ecr.aws",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
  );
  fc.assert(
    fc.property(zones, fc.domain(), (zone, domain) => {
      fc.pre(cloudHostOf(domain) === undefined);
      expect(cloudHostOf(`${zone}.${domain}`)).toBeUndefined();
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => cloudHostOf(text) === undefined || /^[a-z0-9.-]+$/.test(text)));
});

/** Clouds whose modules are the test's own. */
function cloudsOf(find: CloudLoginFinder, now: () => number = Date.now) {
  const loaded: string[] = [];
  const clouds = new CloudLogins({
    environment: {},
    now,
    load: (cloud) => {
      loaded.push(cloud);
      return Promise.resolve(find);
    },
  });
  return { clouds, loaded };
}

function counting(lifetimeMs: number, now: () => number): { find: CloudLoginFinder; count: () => number } {
  let count = 0;
  const find: CloudLoginFinder = ({ registry }) => {
    count += 1;
    const credential = { kind: "basic", username: registry, password: `p${count}` } as const;
    return Promise.resolve({ found: { credential, origin: "test" }, expiresAtMs: now() + lifetimeMs });
  };
  return { find, count: () => count };
}

test("many requests at once ask once, and the login is renewed shortly before it expires", async () => {
  let now = 1_000_000;
  const { find, count } = counting(3_600_000, () => now);
  const { clouds } = cloudsOf(find, () => now);
  const found = await Promise.all(Array.from({ length: 20 }, () => clouds.find("gcr.io")));
  expect(new Set(found)).toHaveLength(1);
  expect(count()).toBe(1);
  now += 54 * 60_000;
  await clouds.find("gcr.io");
  expect(count()).toBe(1);
  now += 60_000 + 1;
  expect((await clouds.find("gcr.io"))?.credential).toMatchObject({ password: "p2" });
});

test("a login that is refused is asked for once more, and not again when nothing better has come", async () => {
  let password = "first";
  let count = 0;
  const { clouds } = cloudsOf(() => {
    count += 1;
    const credential = { kind: "basic", username: "u", password } as const;
    return Promise.resolve({ found: { credential, origin: "test" }, expiresAtMs: Date.now() + 3_600_000 });
  });
  const found = async (): Promise<Credential> => (await clouds.find("gcr.io"))?.credential ?? { kind: "anonymous" };
  const first = await found();
  password = "second";
  // All who were refused with it are told so, whoever is first.
  expect([clouds.forget(first), clouds.forget(first)]).toEqual([true, true]);
  const second = await found();
  expect(second).toMatchObject({ password: "second" });
  expect(clouds.forget(first)).toBe(true);
  expect([await found(), count]).toEqual([second, 2]);
  expect(clouds.forget(second)).toBe(true);
  expect([clouds.forget(await found()), count]).toEqual([false, 3]);
  expect(clouds.forget({ kind: "basic", username: "u", password: "second" })).toBe(false);
});

test("a login that lives for a minute is used for half of it, and one that has expired is not kept", async () => {
  let now = 0;
  const short = counting(60_000, () => now);
  const { clouds } = cloudsOf(short.find, () => now);
  await clouds.find("gcr.io");
  now += 29_000;
  await clouds.find("gcr.io");
  expect(short.count()).toBe(1);
  now += 2_000;
  await clouds.find("gcr.io");
  expect(short.count()).toBe(2);
  const expired = counting(-1, () => now);
  const { clouds: others } = cloudsOf(expired.find, () => now);
  await others.find("gcr.io");
  await others.find("gcr.io");
  expect(expired.count()).toBe(2);
});

test("each registry has a login of its own", async () => {
  const { clouds } = cloudsOf(counting(3_600_000, Date.now).find);
  for (const host of ["a.azurecr.io", "b.azurecr.io"]) {
    expect((await clouds.find(host))?.credential).toMatchObject({ username: host });
  }
});

test("that there is none is remembered for a minute, a failure for seconds", async () => {
  let now = 0;
  let count = 0;
  const none = cloudsOf(
    () => {
      count += 1;
      return Promise.resolve(undefined);
    },
    () => now,
  );
  for (const [at, asked] of [
    [0, 1],
    [59_000, 1],
    [61_000, 2],
  ] as const) {
    now = at;
    expect(await none.clouds.find("gcr.io")).toBeUndefined();
    expect(count).toBe(asked);
  }
  count = 0;
  now = 0;
  const failing = cloudsOf(
    () => {
      count += 1;
      return Promise.reject(new ImagesyncError({ code: "credentials", operation: "test", message: "broken" }));
    },
    () => now,
  );
  for (const [at, asked] of [
    [0, 1],
    [4_000, 1],
    [6_000, 2],
  ] as const) {
    now = at;
    await expect(failing.clouds.find("gcr.io")).rejects.toThrow("broken");
    expect(count).toBe(asked);
  }
});

test("one request that is stopped does not stop the others that wait for the same login", async () => {
  let give: () => void = () => undefined;
  const { clouds } = cloudsOf(async () => {
    await new Promise<void>((resolve) => {
      give = resolve;
    });
    return {
      found: { credential: { kind: "registry-token", token: "t" }, origin: "test" },
      expiresAtMs: Date.now() + 60_000,
    };
  });
  const stop = new AbortController();
  const stopped = clouds.find("gcr.io", stop.signal);
  const waiting = clouds.find("gcr.io");
  stop.abort(new Error("enough"));
  await expect(stopped).rejects.toThrow("enough");
  give();
  expect((await waiting)?.credential).toMatchObject({ token: "t" });
  await expect(clouds.find("gcr.io", AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
});

test("an explicit login, a disabled one and a configuration come before the cloud, which is not even loaded", async () => {
  const loaded: string[] = [];
  const load = (cloud: string): Promise<CloudLoginFinder> => {
    loaded.push(cloud);
    return Promise.resolve(counting(60_000, Date.now).find);
  };
  const login = { kind: "basic", username: "u", password: "p" } as const;
  const auths = { auths: { "gcr.io": { auth: Buffer.from("file:p").toString("base64") } } };
  const chain = createCredentialChain({
    environment: {},
    explicit: [
      { address: "a.azurecr.io", credential: login },
      { address: "public.ecr.aws", credential: { kind: "anonymous" } },
    ],
    configFileContent: JSON.stringify(auths),
    clouds: { load },
  });
  expect((await chain.find("a.azurecr.io", "x")).credential).toEqual(login);
  expect((await chain.find("public.ecr.aws", "x")).credential).toEqual({ kind: "anonymous" });
  expect((await chain.find("gcr.io", "x")).credential).toMatchObject({ username: "file" });
  expect((await chain.find("ghcr.io", "x")).credential).toEqual({ kind: "anonymous" });
  expect(loaded).toEqual([]);
  expect((await chain.find("b.azurecr.io", "x")).credential).toMatchObject({ username: "b.azurecr.io" });
  expect(await chain.describe("b.azurecr.io", "x")).toBe("test");
  expect(loaded).toEqual(["azure"]);
});

test("the code of a cloud is loaded for its own registries only", async () => {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = new Set();
    registerHooks({
      load: (url, context, next) => {
        const found = /google-auth-library|client-ecr|credentials\\/(google|amazon|azure)/.exec(url);
        if (found) loaded.add(found[1] ?? found[0]);
        return next(url, context);
      },
    });
    const { createCredentialChain } = await import(process.argv[1]);
    const chain = createCredentialChain({ environment: {}, clouds: { requestDirectly: () => Promise.reject(new Error("none")) } });
    const told = [];
    for (const host of ["docker.io", "ghcr.io", "127.0.0.1:5000", "team.azurecr.io", "gcr.io", "public.ecr.aws"]) {
      await chain.find(host, "app");
      told.push([host, [...loaded].sort().join(" ")]);
    }
    console.log(JSON.stringify(told));`;
  const chain = new URL("../../../engine/credentials/chain.ts", import.meta.url).href;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script, chain]);
  expect(JSON.parse(stdout)).toEqual([
    ["docker.io", ""],
    ["ghcr.io", ""],
    ["127.0.0.1:5000", ""],
    ["team.azurecr.io", "azure"],
    ["gcr.io", "azure google"],
    // The SDKs themselves wait for credentials to use them with.
    ["public.ecr.aws", "amazon azure google"],
  ]);
});

test("an endless answer is cut off, and a stopped request ends", async () => {
  await using server = await startServer(({ url }, response) => {
    if (url === "/silent") return;
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on("drain", more);
    more();
  });
  const message = { method: "GET", headers: {} } as const;
  await expect(
    requestDirectly({ ...message, url: new URL(`${server.url}/endless`) }, new AbortController().signal),
  ).rejects.toThrow("larger than");
  const stop = new AbortController();
  const waiting = requestDirectly({ ...message, url: new URL(`${server.url}/silent`) }, stop.signal);
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});

test("a cloud's code that never ends is given up, and asked again", async () => {
  let now = 0;
  let count = 0;
  const clouds = new CloudLogins({
    environment: {},
    now: () => now,
    deadlineMs: 1,
    load: () =>
      Promise.resolve(() => {
        count += 1;
        return new Promise(() => undefined);
      }),
  });
  await expect(clouds.find("gcr.io")).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("gcr.io"),
  });
  now += 6_000;
  await expect(clouds.find("gcr.io")).rejects.toMatchObject({ code: "unavailable" });
  expect(count).toBe(2);
});
