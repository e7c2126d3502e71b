import { describe, expect, test } from "vitest";
import type { Intercept } from "../../../embedded-registry/index.ts";
import { buildImage } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

type Fault = NonNullable<ReturnType<Intercept>>;

const small = { size: 3000, seed: "small" };
const large = { size: 1_500_000, seed: "large" };
const sizes = [
  ["a small", small],
  ["a large", large],
] as const;

/** Copies an image whose last blob the source damages: every time, or as often as given. */
async function copyDamaged(
  layer: { size: number; seed: string },
  fault: (content: Buffer) => Fault,
  times = Infinity,
): Promise<{ pair: Pair; digest: string; outcome: string; code: string | undefined; side: string | undefined }> {
  const pair = await startPair();
  const image = buildImage({ seed: `lies of ${layer.seed}`, layers: [layer] });
  const blob = image.blobs[1];
  if (blob === undefined) throw new Error("The image has no layer");
  const source = await pair.seed(image);
  let left = times;
  pair.source.intercept = ({ kind, method, reference }) => {
    if (kind !== "blob" || method !== "GET" || reference !== blob.digest || left <= 0) return undefined;
    left -= 1;
    return fault(Buffer.concat([...blob.open()]));
  };
  const item = await pair.copy(source, pair.at("to/app:1"));
  // The witness fails for everything that is not whole and exact.
  if (item.outcome === "done") await pair.tree(pair.at("to/app:1"));
  return { pair, digest: blob.digest, outcome: item.outcome, code: item.error?.code, side: item.error?.side };
}

/** The tag, the manifest and the blob are not there, and no upload is left open. */
async function expectNothingCommitted({ pair, digest }: { pair: Pair; digest: string }): Promise<void> {
  expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  expect(pair.destination.requests.filter(({ method, kind }) => method === "PUT" && kind === "manifest")).toEqual([]);
  const blob = await fetch(`${pair.destination.url}/v2/to/app/blobs/${digest}`, { method: "HEAD" });
  expect(blob.status).toBe(404);
  expect(pair.destination.openUploads()).toBe(0);
}

/** The whole body in chunks, so that no header tells its length. */
function chunked(body: Buffer): Fault {
  return { respond: { status: 200, body }, headers: { "Content-Length": undefined, "Transfer-Encoding": "chunked" } };
}

const lies: readonly (readonly [string, (content: Buffer) => Fault, string])[] = [
  ["with one wrong byte", () => ({ corruptByte: 0 }), "digest-mismatch"],
  ["with its last byte wrong", (content) => ({ corruptByte: content.length - 1 }), "digest-mismatch"],
  ["that breaks off again and again", () => ({ cutAfterBytes: 100 }), "unavailable"],
  ["that breaks off before its first byte", () => ({ cutAfterBytes: 0 }), "unavailable"],
  [
    "that announces more",
    (content) => ({ respond: { status: 200, body: Buffer.concat([content, Buffer.from("x")]) } }),
    "size-mismatch",
  ],
  ["that announces less", (content) => ({ respond: { status: 200, body: content.subarray(1) } }), "size-mismatch"],
  ["that is empty", () => ({ respond: { status: 200, body: "" } }), "size-mismatch"],
  ["that goes on after its end, unannounced", (content) => chunked(Buffer.concat([content, content])), "size-mismatch"],
  ["that ends early, unannounced", (content) => chunked(content.subarray(0, content.length - 1)), "size-mismatch"],
  [
    "that is another blob of the same length",
    (content) => ({ respond: { status: 200, body: Buffer.alloc(content.length) } }),
    "digest-mismatch",
  ],
  ["that is a page", () => chunked(Buffer.from("<html>Sign in</html>")), "size-mismatch"],
  ["that is gone", () => ({ respond: { status: 404 } }), "not-found"],
  ["that may not be read", () => ({ respond: { status: 403 } }), "denied"],
  ["that is limited", () => ({ respond: { status: 429 } }), "rate-limited"],
  ["that the storage cannot give", () => ({ respond: { status: 500 } }), "unavailable"],
];

describe.each(sizes)("%s blob", (_name, layer) => {
  test.each(lies)("%s is an error of the source, and nothing of it is committed", async (_lie, fault, code) => {
    const result = await copyDamaged(layer, fault);
    expect(result).toMatchObject({ outcome: "failed", code, side: "source" });
    await expectNothingCommitted(result);
  });

  test.each(lies.filter(([, , code]) => /mismatch|unavailable/.test(code)))(
    "%s, but only once, arrives after all",
    async (_lie, fault) => {
      const { outcome, pair } = await copyDamaged(layer, fault, 1);
      expect(outcome).toBe("done");
      expect(pair.destination.openUploads()).toBe(0);
    },
  );
});

describe("a manifest", () => {
  const image = buildImage({ seed: "lying manifest", layers: [100] });

  test.each<readonly [string, Fault, string]>([
    ["with one wrong byte", { corruptByte: 30 }, "digest-mismatch"],
    ["that breaks off", { cutAfterBytes: 20 }, "unavailable"],
    [
      "that is a page",
      { respond: { status: 200, headers: { "Content-Type": "text/html" }, body: "<html>" } },
      "digest-mismatch",
    ],
    ["that is endless", { respond: { status: 200, body: Buffer.alloc(9 * 1024 * 1024, " ") } }, "limit"],
    ["that may not be read", { respond: { status: 401 } }, "unauthorized"],
  ])("%s is refused at plan, before anything is written", async (_name, fault, code) => {
    const pair = await startPair();
    const source = await pair.seed(image);
    pair.source.intercept = ({ kind, method }) => (kind === "manifest" && method === "GET" ? fault : undefined);
    await expect(pair.engine.plan({ source, destination: pair.at("to/app:1") })).rejects.toMatchObject({ code });
    expect(pair.destination.requests.filter(({ method }) => method !== "HEAD")).toEqual([]);
  });

  test("whose digest the source states wrongly is not taken for another image", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    const wrong = `sha256:${"0".repeat(64)}`;
    pair.source.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "HEAD" ? { headers: { "Docker-Content-Digest": wrong } } : undefined;
    await expect(pair.engine.plan({ source, destination: pair.at("to/app:1") })).rejects.toMatchObject({
      code: "not-found",
      side: "source",
    });
  });

  test.each(["not a digest", undefined])(
    "whose digest the source states as %j is read and its digest computed",
    async (said) => {
      const pair = await startPair();
      const source = await pair.seed(image);
      pair.source.intercept = ({ kind, method }) =>
        kind === "manifest" && method === "HEAD" ? { headers: { "Docker-Content-Digest": said } } : undefined;
      expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({
        outcome: "done",
        item: { digest: image.digest },
      });
    },
  );

  test.each([405, 501])("of a source that answers HEAD with %i is read by GET", async (status) => {
    const pair = await startPair();
    const source = await pair.seed(image);
    pair.source.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "HEAD" ? { respond: { status } } : undefined;
    expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({
      outcome: "done",
      item: { digest: image.digest },
    });
  });

  test.each([
    [401, "unauthorized"],
    [403, "denied"],
    [429, "rate-limited"],
    [500, "unavailable"],
    [503, "unavailable"],
  ])("that the destination answers with %i is not absent", async (status, code) => {
    const pair = await startPair();
    const source = await pair.seed(image);
    pair.destination.intercept = () => ({ respond: { status } });
    await expect(pair.engine.plan({ source, destination: pair.at("to/app:1") })).rejects.toMatchObject({
      code,
      side: "destination",
    });
  });
});
