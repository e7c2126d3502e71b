import { describe, expect, onTestFinished, test } from "vitest";
import { createEngine, type Engine, parseReference, type Plan, type Rule } from "../../engine/index.ts";
import { quickRetry } from "../engine/pair.ts";
import { attachmentTag, buildFallbackIndex } from "../support/images/companions.ts";
import { push, type TestManifest, treeOf } from "../support/images/index.ts";
import { buildSignedImage } from "../support/images/signed-image.ts";
import { dockerRegistryProgram } from "../support/registries/index.ts";
import { type ReachableRegistry, reachRegistry } from "./reachable-registry.ts";

const { image, bundle, cosign } = buildSignedImage(2000);
const all = [image, bundle, cosign].map(({ digest }) => digest).toSorted();

/** The image with a bundle in its fallback tag, as registries before 2023 have it, and a signature of cosign. */
async function fill({ host }: ReachableRegistry, repository: string): Promise<void> {
  const tagged: readonly (readonly [TestManifest, string])[] = [
    [image, "1.0"],
    [cosign, attachmentTag(image, "sig")],
  ];
  for (const [manifest, tag] of tagged) await push(manifest, { host, repository, tag });
  await push(bundle, { host, repository });
  await push(buildFallbackIndex([bundle]), { host, repository, tag: attachmentTag(image) });
}

function engineWith(source: ReachableRegistry, mirror: string, destination: ReachableRegistry): Engine {
  const engine = createEngine({
    retry: quickRetry,
    registries: [
      { address: source.host, plainHttp: true, mirrors: [mirror] },
      { address: destination.host, plainHttp: true },
    ],
  });
  onTestFinished(() => engine.close());
  return engine;
}

const ruleOf = (source: ReachableRegistry, destination: ReachableRegistry, to: string): Rule => ({
  source: parseReference(`${source.host}/team/app:1.0`),
  destination: destination.at(to),
  policy: { referrers: {} },
});

const digestsOf = ({ items }: Plan): string[] => items.map(({ digest }) => digest).toSorted();

describe.skipIf(dockerRegistryProgram === undefined)("a docker-registry as the mirror of one that is gone", () => {
  test("gives images and what belongs to them", async () => {
    const [source, mirror, destination] = [await reachRegistry(), await reachRegistry(), await reachRegistry()];
    await fill(mirror, "hub/team/app");
    await source.running.close();
    const engine = engineWith(source, `http://${mirror.host}/hub`, destination);
    const plan = await engine.plan(ruleOf(source, destination, "copy/app:1.0"));
    expect(digestsOf(plan)).toEqual(all);
    expect(plan.warnings).toEqual([expect.stringContaining("was looked for at mirrors only")]);
    const { items } = await engine.apply(plan);
    expect(items.map(({ error }) => error)).toEqual(items.map(() => undefined));
    expect(await destination.tree(destination.at("copy/app:1.0"))).toEqual(treeOf(image));
    const signature = destination.at(`copy/app:${attachmentTag(image, "sig")}`);
    expect(await destination.tree(signature)).toEqual(treeOf(cosign));
  });

  test("that is a pull-through cache gives what was pulled through it while the registry was there", async () => {
    const [source, destination] = [await reachRegistry(), await reachRegistry()];
    const cache = await reachRegistry({ cacheOf: source.running.url });
    await fill(source, "team/app");
    const warm = engineWith(source, `http://${cache.host}`, destination);
    const first = await warm.plan(ruleOf(source, destination, "first/app:1.0"));
    expect(first.warnings).toBeUndefined();
    const { items } = await warm.apply(first);
    expect(items.map(({ error }) => error)).toEqual(items.map(() => undefined));
    await source.running.close();

    const engine = engineWith(source, `http://${cache.host}`, destination);
    const plan = await engine.plan(ruleOf(source, destination, "second/app:1.0"));
    expect(digestsOf(plan)).toEqual(all);
    expect(plan.warnings).toEqual([expect.stringContaining(`(http://${cache.host})`)]);
    const second = await engine.apply(plan);
    expect(second.items.map(({ error }) => error)).toEqual(second.items.map(() => undefined));
    expect(await destination.tree(destination.at("second/app:1.0"))).toEqual(treeOf(image));
  });
});
