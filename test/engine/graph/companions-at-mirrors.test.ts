import { describe, expect, onTestFinished, test } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../../embedded-registry/index.ts";
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type ImagesyncError,
  parseReference,
  type Plan,
  type RegistryTransport,
  type Rule,
} from "../../../engine/index.ts";
import { attachmentTag, buildCosignSignatures, buildFallbackIndex } from "../../support/images/companions.ts";
import { buildImage, fetchTree, push, type TestManifest, treeOf } from "../../support/images/index.ts";
import { buildSignedImage } from "../../support/images/signed-image.ts";
import { startProxy } from "../http/test-proxy.ts";
import { type Script, type ScriptedServer, startServer } from "../http/scripted-server.ts";
import { quickRetry } from "../pair.ts";

const { image, bundle, sbom, sbomSignature, cosign, referrers } = buildSignedImage(2000);
const everything = [image, bundle, sbom, sbomSignature, cosign].map(({ digest }) => digest).toSorted();
const repository = "hub/app";

async function open(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  return registry;
}

/** Puts the image at a mirror, and what belongs to it as the mirror keeps that. */
async function fill({ host }: RunningRegistry, { hasApi = true, signed = true } = {}): Promise<void> {
  await push(image, { host, repository, tag: "1" });
  if (!signed) return;
  for (const [subject, referrer] of referrers) {
    await push(referrer, { host, repository });
    if (!hasApi) await push(buildFallbackIndex([referrer]), { host, repository, tag: attachmentTag(subject) });
  }
  await push(cosign, { host, repository, tag: attachmentTag(image, "sig") });
}

interface Stage {
  readonly engine: Engine;
  readonly destination: RunningRegistry;
  readonly rule: (tag?: string) => Rule;
}

interface StageOptions {
  readonly retry?: EngineOptions["retry"];
  readonly registry?: Partial<RegistryTransport>;
}

/** An engine with a registry that has mirrors, and a destination. */
async function stage(
  registry: string,
  mirrors: readonly (string | RunningRegistry | ScriptedServer)[],
  options: StageOptions = {},
): Promise<Stage> {
  const destination = await open();
  const engine = createEngine({
    retry: options.retry ?? quickRetry,
    registries: [
      {
        address: registry,
        plainHttp: true,
        mirrors: mirrors.map((mirror) => `http://${typeof mirror === "string" ? mirror : mirror.host}/hub`),
        ...options.registry,
      },
      { address: destination.host, plainHttp: true },
    ],
  });
  onTestFinished(() => engine.close());
  const rule = (tag = "1"): Rule => ({
    source: parseReference(`${registry}/app:${tag}`),
    destination: parseReference(`${destination.host}/copy:${tag}`),
    policy: { referrers: {} },
  });
  return { engine, destination, rule };
}

/** The address of a registry that has gone away. */
async function goneAddress(): Promise<string> {
  const server = await startServer(() => undefined);
  await server[Symbol.asyncDispose]();
  return server.host;
}

const digestsOf = ({ items }: Plan): string[] => items.map(({ digest }) => digest).toSorted();
const listsAt = ({ requests }: RunningRegistry): string[] =>
  requests.map(({ path }) => path).filter((path) => /tags\/list|\/referrers\//.test(path));

async function failureOf(work: Promise<unknown>): Promise<ImagesyncError> {
  return await work.then(
    () => Promise.reject(new Error("It did not fail")),
    (error: ImagesyncError) => error,
  );
}

const answers =
  (status: number): Script =>
  (_, response) =>
    response.writeHead(status).end();

describe("while a registry cannot be reached, what belongs to an image comes from the mirror", () => {
  test.each<[string, RegistryOptions, boolean]>([
    ["that has the API, and its list of tags in pages", { maxTagsPerPage: 1 }, true],
    ["that has fallback tags", { referrersApi: false }, false],
  ])("%s; it is told where was looked", async (_, options, hasApi) => {
    const mirror = await open(options);
    await fill(mirror, { hasApi });
    const gone = await goneAddress();
    const { engine, destination, rule } = await stage(gone, [mirror]);
    const plan = await engine.plan(rule());
    expect(digestsOf(plan)).toEqual(everything);
    expect(plan.warnings).toEqual([
      expect.stringMatching(
        `^What belongs to images of ${gone}/app was looked for at mirrors only \\(http://${mirror.host}/hub\\), .*ECONNREFUSED`,
      ),
    ]);
    const { items } = await engine.apply(plan);
    expect(items.map(({ outcome }) => outcome)).toEqual(items.map(() => "done"));
    expect(await fetchTree(destination, "copy", "1")).toEqual(treeOf(image));
    expect(await fetchTree(destination, "copy", attachmentTag(image, "sig"))).toEqual(treeOf(cosign));
    for (const [, referrer] of referrers) {
      expect(await fetchTree(destination, "copy", referrer.digest)).toEqual(treeOf(referrer));
    }
    const again = await engine.plan(rule());
    expect(again.items.map(({ action }) => action)).toEqual(["skip"]);
    expect(again.warnings).toEqual(plan.warnings);
  });

  test.each([404, 401, 403])(
    "that answers a question for its tags with %i, where the tag is a usual one",
    async (status) => {
      const mirror = await open();
      await fill(mirror);
      mirror.intercept = ({ path }) => (path.includes("/tags/list") ? { respond: { status } } : undefined);
      const { engine, rule } = await stage(await goneAddress(), [mirror]);
      expect(digestsOf(await engine.plan(rule()))).toEqual(everything);
    },
  );

  test.each([429, 500, 503])("also when the registry answers %i again and again", async (status) => {
    const mirror = await open();
    await fill(mirror);
    await using registry = await startServer(answers(status));
    const { engine, rule } = await stage(registry.host, [mirror]);
    const plan = await engine.plan(rule());
    expect(digestsOf(plan)).toEqual(everything);
    expect(plan.warnings).toEqual([expect.stringContaining(`${registry.host} answered ${status}`)]);
  });

  test("also when a proxy refuses the way to the registry", async () => {
    const mirror = await open();
    await fill(mirror);
    await using proxy = await startProxy({ status: 403 });
    const transport = { plainHttp: false, proxyUrl: `http://${proxy.host}` };
    const { engine, rule } = await stage("registry.example.com", [mirror], { registry: transport });
    const plan = await engine.plan(rule());
    expect(digestsOf(plan)).toEqual(everything);
    expect(proxy.lines).toContain("CONNECT registry.example.com:443");
  });

  test("of several that has it, and those that fail are told", async () => {
    const [unsigned, signed] = [await open(), await open()];
    await fill(unsigned, { signed: false });
    await fill(signed);
    const broken = await goneAddress();
    const { engine, rule } = await stage(await goneAddress(), [unsigned, broken, signed]);
    const plan = await engine.plan(rule());
    expect(digestsOf(plan)).toEqual(everything);
    expect(plan.warnings).toEqual([
      expect.stringContaining(`(http://${unsigned.host}/hub, http://${signed.host}/hub)`),
      expect.stringContaining(`The mirror http://${broken}/hub does not tell what belongs to images`),
    ]);
  });

  test("that is asked first when two have different signatures under one tag", async () => {
    const [first, second] = [await open(), await open()];
    await fill(first);
    await fill(second, { signed: false });
    const other = buildCosignSignatures(image, ["another"]);
    await push(other, { host: second.host, repository, tag: attachmentTag(image, "sig") });
    const { engine, rule } = await stage(await goneAddress(), [first, second]);
    expect(digestsOf(await engine.plan(rule()))).toEqual(everything);
  });

  test("and the registry is not asked again for each image", async () => {
    const mirror = await open();
    await fill(mirror);
    const tags = ["1", "2", "3", "4", "5"];
    for (const tag of tags.slice(1)) await push(buildImage({ seed: tag }), { host: mirror.host, repository, tag });
    await using registry = await startServer(answers(503));
    const { engine, rule } = await stage(registry.host, [mirror]);
    const { source, destination, policy } = rule();
    const { tag: _from, ...from } = source;
    const { tag: _to, ...to } = destination;
    const set = { source: from, destination: to, policy, selection: { tags } };
    const plan = await engine.plan(set);
    expect(plan.failures).toBeUndefined();
    expect(plan.items).toHaveLength(everything.length + tags.length - 1);
    expect(plan.warnings).toHaveLength(1);
    await engine.plan(set);
    const asked = registry.requests.map(({ url }) => url).filter((url) => url.includes("/tags/list"));
    expect(asked).toHaveLength(quickRetry.attempts ?? 0);
  });
});

describe("what belongs to an image is asked of the registry", () => {
  test("as long as that answers: the mirror's lists are left alone", async () => {
    const [registry, mirror] = [await open(), await open()];
    await fill(mirror);
    await push(image, { host: registry.host, repository: "app", tag: "1" });
    await push(cosign, { host: registry.host, repository: "app", tag: attachmentTag(image, "sig") });
    const { engine, rule } = await stage(registry.host, [mirror]);
    const plan = await engine.plan(rule());
    expect(digestsOf(plan)).toEqual([image, cosign].map(({ digest }) => digest).toSorted());
    expect(plan.warnings).toBeUndefined();
    expect(listsAt(mirror)).toEqual([]);
    expect(listsAt(registry).filter((path) => path.includes("tags/list"))).toHaveLength(1);
  });

  test("also where it refuses to tell: then its tags are asked for by name", async () => {
    const [registry, mirror] = [await open(), await open()];
    await fill(mirror);
    registry.intercept = ({ path }) =>
      /tags\/list|\/referrers\//.test(path) ? { respond: { status: 403 } } : undefined;
    const { engine, rule } = await stage(registry.host, [mirror]);
    const plan = await engine.plan(rule());
    expect(digestsOf(plan)).toEqual([image, cosign].map(({ digest }) => digest).toSorted());
    expect(plan.warnings).toEqual([expect.stringContaining("by tags only")]);
    expect(listsAt(mirror)).toEqual([]);
  });

  test("and when no mirror tells either nothing is copied without it: the reasons are in the hint", async () => {
    const mirror = await open();
    await fill(mirror);
    mirror.intercept = ({ path }) => (path.includes("/referrers/") ? { respond: { status: 500 } } : undefined);
    const gone = await goneAddress();
    const { engine, rule } = await stage(gone, [mirror]);
    const error = await failureOf(engine.plan(rule()));
    expect(error).toMatchObject({ code: "unavailable", side: "source", registry: gone });
    expect(error.hint).toMatch(`http://${mirror.host}/hub (Cannot list what refers to`);
    expect(error.hint).toContain("without its referrers");
  });

  test("and a stop is a stop", async () => {
    const mirror = await open();
    await fill(mirror);
    const stop = new AbortController();
    mirror.intercept = ({ path }) => {
      if (path.includes("/referrers/")) stop.abort();
      return undefined;
    };
    const { engine, rule } = await stage(await goneAddress(), [mirror]);
    expect(await failureOf(engine.plan(rule(), { signal: stop.signal }))).toMatchObject({ code: "aborted" });
  });
});

describe("a mirror that lies", () => {
  test("about what refers to an image has that left out", async () => {
    const mirror = await open({ referrersApi: false });
    await fill(mirror, { signed: false });
    const stranger: TestManifest = buildImage({ seed: "stranger" });
    await push(stranger, { host: mirror.host, repository });
    const list = buildFallbackIndex([stranger]);
    await push(list, { host: mirror.host, repository, tag: attachmentTag(image) });
    const { engine, rule } = await stage(await goneAddress(), [mirror]);
    const plan = await engine.plan(rule());
    expect(digestsOf(plan)).toEqual([image.digest]);
    expect(plan.warnings).toContainEqual(expect.stringContaining("refers to nothing; it is left out"));
  });
});

describe("which tags there are is never asked of a mirror", () => {
  test("so that nothing is deleted because an old list lacks it", async () => {
    const mirror = await open();
    await fill(mirror);
    const gone = await goneAddress();
    const { engine, destination, rule } = await stage(gone, [mirror]);
    for (const tag of ["1", "2"]) await push(image, { host: destination.host, repository: "copy", tag });
    const { source, destination: to } = rule();
    const { tag: _source, ...from } = source;
    const { tag: _destination, ...into } = to;
    const policy = { referrers: {}, deletions: {} };
    const error = await failureOf(engine.plan({ source: from, destination: into, selection: {}, policy }));
    expect(error).toMatchObject({ code: "unavailable", side: "source" });
    expect(error.hint).toContain(`write http://${mirror.host}/hub in place of ${gone}`);
    expect(listsAt(mirror)).toEqual([]);
    expect(await fetchTree(destination, "copy", "2")).toEqual(treeOf(image));
  });
});
