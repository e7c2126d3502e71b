import { inspect } from "node:util";
import { expect, onTestFinished } from "vitest";
import { type Intercept, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import {
  createEngine,
  createRedactor,
  type EngineEvent,
  type EngineOptions,
  type ErrorCode,
  ImagesyncError,
  parseReference,
} from "../../engine/index.ts";
import {
  buildImage,
  buildIndex,
  exchange,
  fetchTree,
  push,
  type TestManifest,
  treeOf,
} from "../support/images/index.ts";
import { basicAuthorization } from "../support/registries/index.ts";

const login: Record<"source" | "destination", { user: string; password: string }> = {
  source: { user: "reader", password: "canary-kZ8w-of-the-source" },
  destination: { user: "writer", password: "canary-Q3nV-of-the-destination" },
};

const one = buildImage({ seed: "catalogue one", layers: [1_300_000, 3000] });
const two = buildImage({ seed: "catalogue two", layers: [2000] });

/** The image of every case: an index of two images, with a layer that streams and several that are small. */
export const image: TestManifest = buildIndex({ children: [one, two] });
export const large: string = one.blobs.find(({ size }) => size === 1_300_000)?.digest ?? "";
export const child: string = one.digest;

type Request = Parameters<Intercept>[0];
export type Fault = NonNullable<ReturnType<Intercept>>;
export type When = (request: Request) => boolean;

/** A fault, for requests that `when` is true for, the first `times` of them. */
export function fault(
  when: When,
  what: Fault | ((nth: number, request: Request) => Fault | undefined),
  times: number = Infinity,
): Intercept {
  let seen = 0;
  return (request) => {
    if (seen >= times || !when(request)) return undefined;
    seen += 1;
    return typeof what === "function" ? what(seen, request) : what;
  };
}

export interface Stage {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  /** What went wrong, undefined when the copy is done. */
  readonly error: ImagesyncError | undefined;
  readonly events: readonly EngineEvent[];
}

export interface Setting {
  readonly source?: Intercept | undefined;
  readonly destination?: Intercept | undefined;
  readonly engine?: EngineOptions | undefined;
  /** The image goes to another repository of the source registry. */
  readonly same?: boolean | undefined;
}

/**
 * Copies the image between two registries that want logins, through faults, and checks what must hold in every case: the
 * tag is absent or the whole image, no upload is left open where the copy is done, and no secret is in anything told.
 */
export async function play(setting: Setting): Promise<Stage> {
  const seen = new Set<string>([login.source.password, login.destination.password]);
  const source = await start("source");
  const destination = setting.same === true ? source : await start("destination");
  const from = { host: source.host, headers: await authorization(source, "source", "from/app") };
  await push(image, { ...from, repository: "from/app", tag: "1" });
  const listen =
    (intercept: Intercept | undefined): Intercept =>
    (request) => {
      for (const part of (request.headers.authorization ?? "").split(" ").slice(1)) seen.add(part);
      return intercept?.(request);
    };
  source.resetCounts();
  destination.resetCounts();
  if (setting.same === true) source.intercept = listen(setting.destination);
  else {
    source.intercept = listen(setting.source);
    destination.intercept = listen(setting.destination);
  }
  const events: EngineEvent[] = [];
  const redactor = createRedactor();
  const credentialOf = (side: keyof typeof login, { host }: RunningRegistry) => ({
    address: host,
    credential: { kind: "basic" as const, username: login[side].user, password: login[side].password },
  });
  const hosts = [...new Set([source, destination])];
  const engine = createEngine({
    registries: hosts.map(({ host }) => ({ address: host, plainHttp: true })),
    retry: { attempts: 5, baseDelayMs: 1, maxDelayMs: 5, budgetMs: 2000 },
    credentials: {
      explicit: hosts.map((registry) => credentialOf(registry === source ? "source" : "destination", registry)),
    },
    onEvent: (event) => events.push(event),
    redactor,
    ...setting.engine,
  });
  onTestFinished(() => engine.close());
  const rule = {
    source: parseReference(`${source.host}/from/app:1`),
    destination: parseReference(`${destination.host}/to/app:1`),
  };
  let error: ImagesyncError | undefined;
  try {
    const plan = await engine.plan(rule);
    const report = await engine.apply(plan, { onEvent: (event) => events.push(event) });
    error = report.items[0]?.error;
  } catch (thrown) {
    if (!(thrown instanceof ImagesyncError)) throw thrown;
    error = thrown;
  }
  source.intercept = undefined;
  destination.intercept = undefined;
  await expectWholeOrAbsent(destination, setting.same === true ? "source" : "destination", error);
  expectNoSecret([...seen], { events, error: inspect(error, { depth: 10, showHidden: true }), stack: error?.stack });
  return { source, destination, error, events };

  async function start(side: keyof typeof login): Promise<RunningRegistry> {
    const { user, password } = login[side];
    const registry = await startRegistry({ auth: { kind: "token", users: { [user]: password } } });
    onTestFinished(() => registry.close());
    return registry;
  }
}

async function authorization(
  registry: RunningRegistry,
  side: keyof typeof login,
  repository: string,
): Promise<Record<string, string>> {
  const target = `/token?scope=repository:${repository}:pull,push`;
  const headers = { authorization: basicAuthorization(login[side]) };
  const answer = await exchange({ host: registry.host }, { method: "GET", target, headers });
  const { token } = JSON.parse(answer.body.toString()) as { token: string };
  return { authorization: `Bearer ${token}` };
}

async function expectWholeOrAbsent(
  registry: RunningRegistry,
  side: keyof typeof login,
  error: ImagesyncError | undefined,
): Promise<void> {
  const endpoint = { host: registry.host, headers: await authorization(registry, side, "to/app") };
  const head = await exchange(endpoint, {
    method: "HEAD",
    target: "/v2/to/app/manifests/1",
    headers: { accept: image.mediaType },
  });
  if (error === undefined) expect(registry.openUploads()).toBe(0);
  expect([200, 404]).toContain(head.status);
  if (error !== undefined && head.status === 404) return;
  expect(await fetchTree(endpoint, "to/app", "1")).toEqual(treeOf(image));
}

function expectNoSecret(secrets: readonly string[], told: unknown): void {
  const text = JSON.stringify(told);
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
      expect(text).not.toContain(form);
    }
  }
  expect(text).not.toContain("canary");
}

/** The code of what went wrong, or "done". */
export function outcomeOf({ error }: Stage): ErrorCode | "done" {
  return error?.code ?? "done";
}
