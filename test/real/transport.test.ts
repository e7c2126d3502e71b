import { describe, expect, onTestFinished, test } from "vitest";
import {
  createEngine,
  type Engine,
  type ImagesyncError,
  type Reference,
  type RegistryTransport,
} from "../../engine/index.ts";
import { only } from "../engine/pair.ts";
import { buildPlatformIndex, treeOf } from "../support/images/index.ts";
import { dockerRegistryProgram } from "../support/registries/index.ts";
import { nginxProgram, type RunningNginx, startNginx } from "../support/registries/nginx.ts";
import {
  proxyLogin,
  type RunningTinyproxy,
  startTinyproxy,
  tinyproxyProgram,
} from "../support/registries/tinyproxy.ts";
import { type ReachableRegistry, reachRegistry } from "./reachable-registry.ts";

const image = buildPlatformIndex({ seed: "transport", layers: [4000, 300_000] });

function engineWith(registries: readonly RegistryTransport[]): Engine {
  const engine = createEngine({ registries, retry: { baseDelayMs: 1, maxDelayMs: 2 } });
  onTestFinished(() => engine.close());
  return engine;
}

/** Copies, and fails with what the copy has failed with. */
async function copy(engine: Engine, source: Reference, destination: Reference): Promise<void> {
  const { error } = only(await engine.apply(await engine.plan({ source, destination })));
  if (error !== undefined) throw error;
}

const failureOf = (work: Promise<unknown>): Promise<ImagesyncError> =>
  work.then(
    () => Promise.reject(new Error("It did not fail")),
    (error: ImagesyncError) => error,
  );

async function nginxBefore(registry: ReachableRegistry): Promise<RunningNginx> {
  const nginx = await startNginx(registry.host);
  onTestFinished(() => nginx.close());
  return nginx;
}

async function proxy(): Promise<RunningTinyproxy> {
  const running = await startTinyproxy();
  onTestFinished(() => running.close());
  return running;
}

/** The same repository and tag at another address. */
const at = (reference: Reference, registry: string): Reference => ({ ...reference, registry });

const shown = ({ host, certificates }: RunningNginx): RegistryTransport => ({
  address: host,
  caCertificate: certificates.ca,
  clientCertificate: certificates.cert,
  clientKey: certificates.key,
});

describe.skipIf([dockerRegistryProgram, nginxProgram].includes(undefined))("docker-registry behind nginx", () => {
  test("takes and gives images to who shows a certificate", async () => {
    const [source, behind] = await Promise.all([reachRegistry(), reachRegistry()]);
    const nginx = await nginxBefore(behind);
    const origin = await source.seed(image, "team/app:1.0");
    const engine = engineWith([{ address: source.host, plainHttp: true }, shown(nginx)]);
    const there = at(behind.at("mirror/app:1.0"), nginx.host);
    await copy(engine, origin, there);
    expect(await behind.tree(behind.at("mirror/app:1.0"))).toEqual(treeOf(image));
    await copy(engine, there, source.at("team/back:1.0"));
    expect(await source.tree(source.at("team/back:1.0"))).toEqual(treeOf(image));
    expect(await behind.openUploads()).toEqual([]);
  });

  test("refuses everybody else, and nothing is stored", async () => {
    const [source, behind] = await Promise.all([reachRegistry(), reachRegistry()]);
    const nginx = await nginxBefore(behind);
    const origin = await source.seed(image, "team/app:1.0");
    const { address, caCertificate } = shown(nginx);
    const engine = engineWith([
      { address: source.host, plainHttp: true },
      { address, caCertificate },
    ]);
    const error = await failureOf(copy(engine, origin, at(behind.at("mirror/app:1.0"), nginx.host)));
    expect(error).toMatchObject({ code: "tls", hint: expect.stringContaining("client_certificate") });
    const stranger = engineWith([{ address }]);
    expect(await failureOf(stranger.ping(nginx.host))).toMatchObject({ code: "tls" });
  });
});

describe.skipIf([dockerRegistryProgram, tinyproxyProgram].includes(undefined))("docker-registry behind a proxy", () => {
  test("with and without encryption is reached through it, and the proxy sees no more than it must", async () => {
    const [source, destination, through] = await Promise.all([reachRegistry(), reachRegistry({ tls: true }), proxy()]);
    const origin = await source.seed(image, "team/app:1.0");
    const proxyUrl = `http://${proxyLogin.user}:${proxyLogin.password}@${through.host}`;
    const engine = engineWith([
      { address: source.host, plainHttp: true, proxyUrl },
      { address: destination.host, caCertificate: destination.running.ca, proxyUrl },
    ]);
    await copy(engine, origin, destination.at("mirror/app:1.0"));
    expect(await destination.tree(destination.at("mirror/app:1.0"))).toEqual(treeOf(image));
    const requests = await through.requests();
    expect(requests).toContain(`HEAD http://${source.host}/v2/team/app/manifests/1.0`);
    const others = requests.filter((line) => !line.includes(source.host));
    expect(new Set(others)).toEqual(new Set([`CONNECT ${destination.host}`]));
  });

  test("is not reached without the login of the proxy, which is explained", async () => {
    const [plain, encrypted, through] = await Promise.all([reachRegistry(), reachRegistry({ tls: true }), proxy()]);
    const proxyUrl = `http://${through.host}`;
    const engine = engineWith([
      { address: plain.host, plainHttp: true, proxyUrl },
      { address: encrypted.host, caCertificate: encrypted.running.ca, proxyUrl },
    ]);
    for (const { host } of [plain, encrypted]) {
      expect(await failureOf(engine.ping(host))).toMatchObject({
        message: expect.stringContaining("proxy"),
        code: "unauthorized",
      });
    }
  });
});

describe.skipIf(dockerRegistryProgram === undefined)("a mirror", () => {
  test("serves the copy while the registry behind it is gone, and tags and digests stay those of the registry", async () => {
    const [registry, mirror, destination] = await Promise.all([reachRegistry(), reachRegistry(), reachRegistry()]);
    const origin = await registry.seed(image, "team/app:1.0");
    await mirror.seed(image, "hub/team/app:1.0");
    const engine = engineWith([
      { address: registry.host, plainHttp: true, mirrors: [`${mirror.host}/hub`] },
      { address: mirror.host, plainHttp: true },
      { address: destination.host, plainHttp: true },
    ]);
    await registry.running.close();
    await copy(engine, origin, destination.at("mirror/app:1.0"));
    expect(await destination.tree(destination.at("mirror/app:1.0"))).toEqual(treeOf(image));
  });

  test("that has nothing costs nothing but the asking", async () => {
    const [registry, mirror, destination] = await Promise.all([reachRegistry(), reachRegistry(), reachRegistry()]);
    const origin = await registry.seed(image, "team/app:1.0");
    const engine = engineWith([
      { address: registry.host, plainHttp: true, mirrors: [mirror.host] },
      { address: mirror.host, plainHttp: true },
      { address: destination.host, plainHttp: true },
    ]);
    await copy(engine, origin, destination.at("mirror/app:1.0"));
    expect(await destination.tree(destination.at("mirror/app:1.0"))).toEqual(treeOf(image));
  });
});
