import { describe, expect, test } from "vitest";
import { atDigest, type Digest, type Reference } from "../../../engine/index.ts";
import {
  attachmentTag,
  buildCosignSignatures,
  buildFallbackIndex,
  buildForeignIndex,
  buildReferrer,
  bundleType,
  sbomType,
} from "../../support/images/companions.ts";
import {
  buildImage,
  buildPlatformIndex,
  descriptorOf,
  push,
  type TestManifest,
  types,
} from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const image = buildImage({ seed: "signed", layers: [500] });
const bundle = buildReferrer(image, "bundle");
const sbom = buildReferrer(image, "sbom", sbomType);
const signedSbom = buildReferrer(sbom, "signature of the sbom");
const cosign = buildCosignSignatures(image, ["first"]);

const withoutApi = { source: { referrersApi: false } } as const;

async function put(pair: Pair, manifest: TestManifest, tag?: string): Promise<void> {
  await push(manifest, { host: pair.source.host, repository: "from/app", ...(tag === undefined ? {} : { tag }) });
}

async function seedAll(pair: Pair): Promise<Reference> {
  const reference = await pair.seed(image);
  for (const one of [bundle, sbom, signedSbom]) await put(pair, one);
  await put(pair, cosign, attachmentTag(image, "sig"));
  return reference;
}

/** Pushes what a client without the API keeps at the side. */
async function listIn(pair: Pair, subject: TestManifest, referrers: readonly TestManifest[]): Promise<void> {
  await put(pair, buildFallbackIndex(referrers), attachmentTag(subject));
}

async function digests(pair: Pair, reference: Reference, artifactTypes?: readonly string[]): Promise<string[]> {
  const { companions } = await pair.engine.referrers(reference, { artifactTypes });
  return companions.map(({ digest }) => digest).toSorted();
}

const all = [bundle, sbom, signedSbom, cosign].map(({ digest }) => digest).toSorted();

describe("what belongs to an image is found", () => {
  test("by the API, with what belongs to that in turn, and by the tags of cosign", async () => {
    const pair = await startPair();
    const reference = await seedAll(pair);
    const { companions, warnings } = await pair.engine.referrers(reference);
    expect(warnings).toEqual([]);
    expect(companions.map(({ digest }) => digest).toSorted()).toEqual(all);
    expect(companions).toContainEqual(
      expect.objectContaining({ digest: bundle.digest, subject: image.digest, artifactType: bundleType }),
    );
    expect(companions).toContainEqual(expect.objectContaining({ digest: signedSbom.digest, subject: sbom.digest }));
    expect(companions).toContainEqual(
      expect.objectContaining({ digest: cosign.digest, tag: attachmentTag(image, "sig"), artifactType: "sig" }),
    );
  });

  test("by fallback tags where the registry has no API", async () => {
    const pair = await startPair(withoutApi);
    const reference = await seedAll(pair);
    await listIn(pair, image, [bundle, sbom]);
    await listIn(pair, sbom, [signedSbom]);
    expect(await digests(pair, reference)).toEqual(all);
  });

  test("by fallback tags also where the registry answers the API's questions with 400, or has lists from before the API", async () => {
    for (const status of [400, undefined]) {
      const pair = await startPair();
      const reference = await pair.seed(image);
      const early = buildReferrer(image, "from before the API");
      await put(pair, early);
      await listIn(pair, image, [early]);
      pair.source.intercept = ({ kind }) => {
        if (kind !== "referrers") return undefined;
        const headers = { "Content-Type": types.oci.index };
        return {
          respond: status === undefined ? { status: 200, headers, body: buildForeignIndex([]).bytes } : { status },
        };
      };
      expect(await digests(pair, reference)).toEqual([early.digest]);
    }
  });

  test("by their names alone where the registry refuses to list tags", async () => {
    const pair = await startPair(withoutApi);
    const reference = await seedAll(pair);
    await listIn(pair, image, [bundle]);
    pair.source.intercept = ({ kind }) => (kind === "tags" ? { respond: { status: 403 } } : undefined);
    expect(await digests(pair, reference)).toEqual([bundle, cosign].map(({ digest }) => digest).toSorted());
  });

  test("of the wanted types only, also where a list does not tell them, and with nothing that belongs to the others", async () => {
    const pair = await startPair(withoutApi);
    const reference = await seedAll(pair);
    await listIn(pair, image, [bundle, sbom]);
    await listIn(pair, sbom, [signedSbom]);
    expect(await digests(pair, reference, [bundleType])).toEqual([bundle.digest]);
    expect(await digests(pair, reference, [sbomType])).toEqual([sbom.digest]);
    expect(await digests(pair, reference, ["sig"])).toEqual([cosign.digest]);
    expect(await digests(pair, reference, [])).toEqual([]);
  });

  test("nothing, where nothing belongs to it", async () => {
    for (const options of [{}, withoutApi]) {
      const pair = await startPair(options);
      expect(await pair.engine.referrers(await pair.seed(image))).toEqual({ companions: [], warnings: [] });
    }
  });
});

describe("lists that cannot be believed", () => {
  test("a fallback tag that is no list is ignored with a warning, whatever it is", async () => {
    const others: readonly (readonly [string, TestManifest])[] = [
      ["the image itself", image],
      ["another image", buildImage({ seed: "other", layers: [100] })],
      ["a manifest list of docker", buildPlatformIndex({ seed: "list", layers: [100], mediaTypes: "docker" })],
    ];
    for (const [what, held] of others) {
      const pair = await startPair(withoutApi);
      const reference = await pair.seed(image);
      await put(pair, held, attachmentTag(image));
      const { companions, warnings } = await pair.engine.referrers(reference);
      expect({ what, companions, warnings: warnings.length }).toEqual({ what, companions: [], warnings: 1 });
      expect(warnings[0]).toContain(attachmentTag(image));
    }
  });

  test("a fallback tag with a damaged entry is ignored as a whole, and says what is wrong", async () => {
    const pair = await startPair({ source: { referrersApi: false } });
    const reference = await pair.seed(image);
    await listIn(pair, image, []);
    const damaged = buildForeignIndex([{ ...descriptorOf(bundle), digest: "sha256:short" }]);
    pair.source.intercept = ({ reference: asked, method }) =>
      asked === attachmentTag(image) && method === "GET"
        ? { respond: { status: 200, headers: { "Content-Type": types.oci.index }, body: damaged.bytes } }
        : undefined;
    const { companions, warnings } = await pair.engine.referrers(reference);
    expect(companions).toEqual([]);
    expect(warnings.join()).toContain("sha256:short");
  });

  test("an entry that is no manifest, or larger than any, is left out with a warning", async () => {
    const pair = await startPair();
    const reference = await pair.seed(image);
    const entries = [
      { ...descriptorOf(bundle), mediaType: "application/vnd.example.weights" },
      { ...descriptorOf(sbom), size: 2 ** 40 },
      descriptorOf(signedSbom),
    ];
    pair.source.intercept = ({ kind, reference: asked }) =>
      kind === "referrers" && asked === image.digest
        ? {
            respond: {
              status: 200,
              headers: { "Content-Type": types.oci.index },
              body: buildForeignIndex(entries).bytes,
            },
          }
        : undefined;
    const { companions, warnings } = await pair.engine.referrers(reference);
    expect(companions.map(({ digest }) => digest)).toEqual([signedSbom.digest]);
    expect(warnings).toHaveLength(2);
  });

  test("lists that name each other in a circle, or the image itself, come to an end", async () => {
    const pair = await startPair();
    const reference = await pair.seed(image);
    const next: Readonly<Record<string, TestManifest[]>> = {
      [image.digest]: [image, bundle],
      [bundle.digest]: [sbom],
      [sbom.digest]: [image, bundle],
    };
    pair.source.intercept = ({ kind, reference: asked }) => {
      const listed = next[asked];
      if (kind !== "referrers" || listed === undefined) return undefined;
      const body = buildForeignIndex(listed.map(descriptorOf)).bytes;
      return { respond: { status: 200, headers: { "Content-Type": types.oci.index }, body } };
    };
    expect(new Set(await digests(pair, reference))).toEqual(new Set([bundle.digest, sbom.digest]));
  });

  test("a chain without end, and a list of thousands, are refused", async () => {
    for (const count of [1, 1001]) {
      const pair = await startPair();
      const reference = await pair.seed(image);
      let made = 0;
      pair.source.intercept = ({ kind }) => {
        if (kind !== "referrers") return undefined;
        const entries = Array.from({ length: count }, () => {
          made += 1;
          return { mediaType: types.oci.manifest, size: 10, digest: `sha256:${made.toString(16).padStart(64, "0")}` };
        });
        const body = buildForeignIndex(entries).bytes;
        return { respond: { status: 200, headers: { "Content-Type": types.oci.index }, body } };
      };
      await expect(pair.engine.referrers(reference)).rejects.toMatchObject({ code: "limit" });
    }
  });

  test("a list whose types only its thousands of manifests tell is refused before they are read", async () => {
    const pair = await startPair();
    const reference = await pair.seed(image);
    pair.source.intercept = ({ kind }) => {
      if (kind !== "referrers") return undefined;
      const entries = Array.from({ length: 10_001 }, (_, at) => {
        return { mediaType: types.oci.manifest, size: 10, digest: `sha256:${at.toString(16).padStart(64, "0")}` };
      });
      const body = buildForeignIndex(entries).bytes;
      return { respond: { status: 200, headers: { "Content-Type": types.oci.index }, body } };
    };
    pair.resetCounts();
    await expect(digests(pair, reference, [bundleType])).rejects.toMatchObject({ code: "limit" });
    expect(pair.source.counts()).not.toHaveProperty("GET manifest");
  });

  test("a registry that has listed referrers is not taken for one without lists when it misses one", async () => {
    const pair = await startPair();
    const reference = await seedAll(pair);
    const other = await pair.seed(buildImage({ seed: "other", layers: [10] }), "from/app", "2");
    expect(await digests(pair, reference)).toEqual(all);
    pair.source.intercept = ({ kind }) => (kind === "referrers" ? { respond: { status: 404 } } : undefined);
    expect(await digests(pair, other)).toEqual([]);
    pair.source.intercept = undefined;
    expect(await digests(pair, reference)).toEqual(all);
  });

  test("a registry that is down is no registry without referrers", async () => {
    const pair = await startPair();
    const reference = await seedAll(pair);
    for (const kind of ["referrers", "tags"]) {
      pair.source.intercept = (request) => (request.kind === kind ? { respond: { status: 503 } } : undefined);
      const engine = pair.newEngine();
      await expect(engine.referrers(reference)).rejects.toMatchObject({ code: "unavailable" });
    }
  });

  test("a registry that refuses to list referrers is told of, and tags are looked at all the same", async () => {
    const pair = await startPair();
    const reference = await seedAll(pair);
    pair.source.intercept = ({ kind }) => (kind === "referrers" ? { respond: { status: 403 } } : undefined);
    const { companions, warnings } = await pair.engine.referrers(reference);
    expect(companions.map(({ digest }) => digest)).toEqual([cosign.digest]);
    expect(warnings).toHaveLength(1);
  });
});

describe("what is asked of the registry", () => {
  const many = Array.from({ length: 30 }, (_, number) => buildImage({ seed: `many ${number}`, layers: [50] }));

  async function countFor(pair: Pair): Promise<Record<string, number>> {
    const references = await Promise.all(many.map((one, number) => pair.seed(one, "from/app", String(number))));
    pair.resetCounts();
    await Promise.all(
      references.map((reference, number) => pair.engine.referrers(atDigest(reference, many[number]?.digest as Digest))),
    );
    const { "HEAD manifest": heads, ...counts } = pair.source.counts();
    expect(heads).toBe(many.length);
    return counts;
  }

  test("without the API one probe and one list for all images of a repository", async () => {
    expect(await countFor(await startPair(withoutApi))).toEqual({ "GET referrers": 1, "GET tags": 1 });
  });

  test("with the API one list for all, and one question for each image", async () => {
    expect(await countFor(await startPair())).toEqual({ "GET referrers": 30, "GET tags": 1 });
  });
});
