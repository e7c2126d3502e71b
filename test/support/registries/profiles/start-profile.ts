import {
  memoryStorage,
  startRegistry,
  type Api,
  type Handling,
  type RunningRegistry,
} from "../../../../embedded-registry/index.ts";
import type { Endpoint } from "../../images/index.ts";
import { basicAuthorization } from "../login.ts";
import { send } from "../plain-client.ts";
import { askForToken, bearer } from "../token-login.ts";
import { Contents } from "./contents.ts";
import type { Profile, ProfileOptions, ProfileRequest, RunningProfile, Stage } from "./profile.ts";
import { profiles, type ProfileName } from "./profiles.ts";
import { serveApi, type VendorServer } from "./vendor-server.ts";

/** Starts a registry that behaves as the family does, in memory, on a free port of 127.0.0.1. */
export async function startProfile(name: ProfileName, options: ProfileOptions = {}): Promise<RunningProfile> {
  const profile: Profile = profiles[name];
  const contents = new Contents(memoryStorage());
  let stage: Stage = { contents, options, login: profile.login, apiUrl: "" };
  const { elsewhere } = profile;
  const vendorServer = elsewhere === undefined ? undefined : await serveApi(lazily(() => elsewhere(stage)));
  if (vendorServer !== undefined) stage = { ...stage, apiUrl: `http://${vendorServer.host}` };
  const api = profile.api?.(stage);
  const rules = profile.rules?.(stage) ?? [];
  const ownPaths = new Set<string>();
  const registry = await startRegistry({
    ...profile.registry,
    storage: contents.storage,
    ...(options.login === false ? {} : { auth: profile.auth(profile.login) }),
    handling: (exchange, next) => compose(rules, exchange, next),
    ...(api === undefined ? {} : { api: remembering(api, ownPaths) }),
  });
  return {
    name,
    vendor: profile.vendor,
    cells: profile.cells,
    login: profile.login,
    url: registry.url,
    host: registry.host,
    apiUrl: vendorServer === undefined ? registry.url : stage.apiUrl,
    contents,
    endpoint: (repository) => (options.login === false ? plain(registry) : withLogin(registry, profile, repository)),
    requests: () => requestsOf(registry, vendorServer, ownPaths),
    counts: () => countsOf(requestsOf(registry, vendorServer, ownPaths)),
    resetCounts() {
      registry.resetCounts();
      vendorServer?.requests.splice(0);
    },
    get intercept() {
      return registry.intercept;
    },
    set intercept(intercept) {
      registry.intercept = intercept;
      if (vendorServer !== undefined) vendorServer.intercept = intercept;
    },
    async close() {
      await registry.close();
      await vendorServer?.close();
    },
  };
}

/** The rules around the registry's own handling, the first one outermost. */
function compose(rules: readonly Handling[], exchange: Parameters<Handling>[0], own: Parameters<Handling>[1]) {
  const step = (at: number): ReturnType<Handling> => rules[at]?.(exchange, () => step(at + 1)) ?? own();
  return step(0);
}

/** An API that is made when it is first asked for, and then kept: it may hold sessions. */
function lazily(make: () => Api): () => Api {
  let made: Api | undefined;
  return () => (made ??= make());
}

/** Notes which addresses were the API's, so that they can be told from nonsense in the registry's log. */
function remembering(api: Api, paths: Set<string>): Api {
  return async (call) => {
    const reply = await api(call);
    if (reply !== undefined) paths.add(call.path);
    return reply;
  };
}

/** What was asked of both hosts; requests of the same test at two hosts keep their order within each host only. */
function requestsOf(
  registry: RunningRegistry,
  vendorServer: VendorServer | undefined,
  ownPaths: ReadonlySet<string>,
): ProfileRequest[] {
  const here = registry.requests
    .filter(({ kind }) => kind !== "token")
    .map(({ method, path, status, kind }) => {
      const vendor = ownPaths.has(path.split("?")[0] ?? "");
      return { method, path, status, kind: vendor ? ("vendor" as const) : kind };
    });
  return [...here, ...(vendorServer?.requests ?? [])];
}

function countsOf(requests: readonly ProfileRequest[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { method, kind, status } of requests) {
    // A challenge is no work done.
    if (status === 401) continue;
    counts.set(`${method} ${kind}`, (counts.get(`${method} ${kind}`) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

async function plain(registry: RunningRegistry): Promise<Endpoint> {
  return { host: registry.host };
}

async function withLogin(registry: RunningRegistry, profile: Profile, repository: string): Promise<Endpoint> {
  const { login } = profile;
  if (profile.auth(login).kind === "basic") {
    return { host: registry.host, headers: { authorization: basicAuthorization(login) } };
  }
  const challenge = await send(registry.url, `/v2/${repository}/tags/list`);
  const token = await askForToken(challenge, `repository:${repository}:pull,push`, login);
  return { host: registry.host, headers: { authorization: bearer(token) } };
}
