import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parseLocation } from "../../../engine/index.ts";
import { attachmentTag, buildCosignSignatures, buildReferrer, sbomType } from "../../support/images/companions.ts";
import { buildImage, push, type TestManifest } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

const image = buildImage({ seed: "signed", layers: [300] });
const sbom = buildReferrer(image, "sbom", sbomType);
const signature = buildReferrer(sbom, "signature of the sbom");
const cosign = buildCosignSignatures(image, ["first"]);

test.each(["oci", "oci-archive"])(
  "what belongs to an image goes through a layout as it goes through a registry: %s",
  async (kind) => {
    const directory = await mkdtemp(join(tmpdir(), "imagesync-layout-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const layout = parseLocation(`${kind}:${join(directory, "layout")}:1`);
    const pair = await startPair();
    const source = await pair.seed(image);
    const put = async (one: TestManifest, tag?: string): Promise<void> =>
      await push(one, { host: pair.source.host, repository: "from/app", ...(tag === undefined ? {} : { tag }) });
    await put(sbom);
    await put(signature);
    await put(cosign, attachmentTag(image, "sig"));
    const all = [image, sbom, signature, cosign].map(({ digest }) => digest).toSorted();

    for (const [from, to] of [
      [source, layout],
      [layout, pair.at("to/app:1")],
    ] as const) {
      const engine = pair.newEngine();
      const rule = { source: from, destination: to, policy: { referrers: {} } };
      const plan = await engine.plan(rule);
      expect(plan.items.map(({ digest }) => digest).toSorted()).toEqual(all);
      const { items } = await engine.apply(plan);
      expect(items.map(({ outcome, error }) => error?.message ?? outcome)).toEqual(["done", "done", "done", "done"]);
      expect((await pair.newEngine().plan(rule)).items).toHaveLength(1);
    }
  },
);
