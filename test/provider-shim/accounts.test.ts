import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { createRedactor, parseReference } from "../../engine/index.ts";
import { configureProvider } from "../../provider-shim/configure.ts";
import { type ObjectValue, objectValue, type Value } from "../../provider-shim/protocol/value.ts";
import { helperPrograms } from "../engine/credentials/helper-programs.ts";
import { buildImage, push } from "../support/images/index.ts";
import { basicAuthorization } from "../support/registries/index.ts";

/** Each may use the repositories below its own name only. */
const users = { alice: "alices-password", bob: "bobs-password", carol: "carols-password" };
type User = keyof typeof users;

const image = buildImage({ seed: "accounts", layers: [700, 900] });
const header = (user: User): string => basicAuthorization({ user, password: users[user] });

/** Who was seen in which repository. */
interface Stage {
  readonly registry: RunningRegistry;
  readonly seen: Set<string>;
}

async function startStage(kind: "basic" | "token" = "basic"): Promise<Stage> {
  const allow = (user: string | undefined, repository: string): boolean =>
    repository.startsWith(`${user ?? "nobody"}/`);
  const registry = await startRegistry({ auth: { kind, users, allow } });
  onTestFinished(() => registry.close());
  const seen = new Set<string>();
  registry.intercept = ({ headers, repository, kind, path }) => {
    const user = Object.keys(users).find((name) => headers.authorization === header(name as User));
    const place = kind === "token" ? new URL(path, registry.url).searchParams.getAll("scope").join(" ") : repository;
    if (user !== undefined) seen.add(`${user} in ${place}`);
    return undefined;
  };
  return { registry, seen };
}

function configured(registry: RunningRegistry, logins: readonly ObjectValue[], more: ConfiguredOptions = {}) {
  const { environment = {}, ...provider } = more;
  const config = objectValue({
    registry: [objectValue({ address: registry.host, plain_http: true })],
    registry_auth: logins,
    ...provider,
  });
  const { engine } = configureProvider(config, { environment, userAgent: "test", redactor: createRedactor() });
  onTestFinished(() => engine.close());
  return engine;
}

interface ConfiguredOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly config_file?: Value;
  readonly config_file_content?: Value;
}

const dockerConfig = (key: string, user: User): string =>
  JSON.stringify({ auths: { [key]: { auth: Buffer.from(`${user}:${users[user]}`).toString("base64") } } });

async function pushAs(user: User, { registry }: Stage): Promise<void> {
  const headers = { authorization: header(user) };
  await push(image, { host: registry.host, repository: `${user}/app`, tag: "1", headers });
}

test.each(["basic", "token"] as const)(
  "two accounts of one registry are used at the same time, each for its own repositories (%s)",
  async (kind) => {
    const source = await startStage();
    await pushAs("carol", source);
    const { registry, seen } = await startStage(kind);
    const { host } = registry;
    const config = objectValue({
      registry: [host, source.registry.host].map((address) => objectValue({ address, plain_http: true })),
      registry_auth: [
        objectValue({ address: `${host}/alice`, username: "alice", password: users.alice }),
        objectValue({ address: `${host}/bob`, username: "bob", password: users.bob }),
        objectValue({ address: source.registry.host, username: "carol", password: users.carol }),
      ],
    });
    const { engine } = configureProvider(config, { environment: {}, userAgent: "test", redactor: createRedactor() });
    onTestFinished(() => engine.close());
    const copies = ["alice/one", "bob/one", "alice/two", "bob/two"].map(async (repository) => {
      const rule = {
        source: parseReference(`${source.registry.host}/carol/app:1`),
        destination: parseReference(`${host}/${repository}:1`),
      };
      const report = await engine.apply(await engine.plan(rule));
      return report.items.map(({ outcome }) => outcome);
    });
    expect((await Promise.all(copies)).flat()).toEqual(["done", "done", "done", "done"]);
    const places = [...seen];
    for (const user of ["alice", "bob"]) {
      const own = places.filter((place) => place.startsWith(`${user} `));
      expect(own.length).toBeGreaterThanOrEqual(2);
      expect(own.filter((place) => !place.includes(`${user}/`))).toEqual([]);
    }
    expect(places.filter((place) => place.startsWith("carol"))).toEqual([]);
  },
);

test("every kind of login of a block is what the registry sees", async () => {
  const stage = await startStage();
  const programs = await helperPrograms();
  const { host } = stage.registry;
  for (const user of ["alice", "bob", "carol"] as const) await pushAs(user, stage);
  await programs.addLogin("bobs", "bob", users.bob);
  const file = join(programs.directory, "auth.json");
  await writeFile(file, dockerConfig(`${host}/alice`, "alice"));
  const logins = [
    objectValue({ address: `${host}/alice`, config_file: file }),
    objectValue({ address: `${host}/bob`, credential_helper: "bobs" }),
    objectValue({ address: `${host}/carol`, config_file_content: dockerConfig(host, "carol") }),
  ];
  const engine = configured(stage.registry, logins, { environment: programs.environment });
  stage.seen.clear();
  for (const user of ["alice", "bob", "carol"]) {
    const { digest } = await engine.resolve(parseReference(`${host}/${user}/app:1`));
    expect(digest).toBe(image.digest);
  }
  expect([...stage.seen].toSorted()).toEqual(["alice in alice/app", "bob in bob/app", "carol in carol/app"]);
  expect(await programs.asked()).toEqual([`bobs get ${host}`]);
});

test.each<[string, (host: string) => readonly ObjectValue[], (host: string) => ConfiguredOptions]>([
  [
    "the environment's user and password, for a block that names none",
    (host) => [objectValue({ address: host })],
    () => ({ environment: { IMAGESYNC_REGISTRY_USER: "alice", IMAGESYNC_REGISTRY_PASS: users.alice } }),
  ],
  [
    "kreuzwerker's variables",
    (host) => [objectValue({ address: host })],
    () => ({ environment: { DOCKER_REGISTRY_USER: "alice", DOCKER_REGISTRY_PASS: users.alice } }),
  ],
  [
    "a block before the provider's configuration",
    (host) => [objectValue({ address: host, username: "alice", password: users.alice })],
    (host) => ({ config_file_content: dockerConfig(host, "bob") }),
  ],
  [
    "a password before the configuration in its own block",
    (host) => [
      objectValue({
        address: host,
        username: "alice",
        password: users.alice,
        config_file_content: dockerConfig(host, "bob"),
      }),
    ],
    () => ({}),
  ],
  [
    "the provider's content before its file",
    () => [],
    (host) => ({ config_file_content: dockerConfig(host, "alice"), config_file: "/does/not/matter" }),
  ],
  [
    "a Kubernetes secret of the old kind",
    () => [],
    (host) => ({
      config_file_content: JSON.stringify({ [`http://${host}/v1/`]: { username: "alice", password: users.alice } }),
    }),
  ],
])("what the registry sees is %s", async (_, logins, more) => {
  const stage = await startStage();
  await pushAs("alice", stage);
  stage.seen.clear();
  const { host } = stage.registry;
  const options = more(host);
  const programs = await helperPrograms();
  const file = join(programs.directory, "config.json");
  await writeFile(file, dockerConfig(host, "bob"));
  const engine = configured(
    stage.registry,
    logins(host),
    "config_file" in options ? { ...options, config_file: file } : options,
  );
  await engine.resolve(parseReference(`${host}/alice/app:1`));
  expect([...stage.seen]).toEqual(["alice in alice/app"]);
});

test("an address with http:// in front is a login and speaks plain HTTP to the host", async () => {
  const stage = await startStage();
  await pushAs("alice", stage);
  const { host } = stage.registry;
  const login = objectValue({ address: `http://${host}/alice`, username: "alice", password: users.alice });
  const config = objectValue({ registry: [], registry_auth: [login] });
  const { engine } = configureProvider(config, { environment: {}, userAgent: "test", redactor: createRedactor() });
  onTestFinished(() => engine.close());
  expect((await engine.resolve(parseReference(`${host}/alice/app:1`))).digest).toBe(image.digest);
});

test.each<[string, Readonly<Record<string, Value>>, RegExp]>([
  ["a helper that fails", { credential_helper: "broken" }, /credential helper "broken": it ended with exit code 1/],
  ["a helper that is missing", { credential_helper: "missing" }, /no program docker-credential-missing/],
  ["a helper without a login", { credential_helper: "none" }, /no login for it in credential helper none/],
  ["a file that is missing", { config_file: "/does/not/exist.json" }, /\/does\/not\/exist\.json: it does not exist/],
  ["a content that is broken", { config_file_content: "hidden-Canary" }, /not valid JSON/],
  ["a content without the host", { config_file_content: `{"auths": {}}` }, /no login for it in the docker config of/],
])("%s stops the request: the registry is not asked anonymously", async (_, values, message) => {
  const { registry } = await startStage();
  const programs = await helperPrograms();
  await programs.add("broken", "echo 'hidden-Canary'; echo 'hidden-Canary' >&2; exit 1");
  await programs.add("none", `echo "credentials not found in native keychain"; exit 1`);
  const login = objectValue({ address: registry.host, ...values });
  const engine = configured(registry, [login], { environment: programs.environment });
  const error: unknown = await engine.resolve(parseReference(`${registry.host}/alice/app:1`)).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "credentials", message: expect.stringMatching(message) });
  expect(String(error)).not.toContain("Canary");
  expect(registry.requests).toEqual([]);
});
