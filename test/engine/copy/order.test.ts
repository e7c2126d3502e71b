import { describe, expect, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { buildImage, buildIndex, buildPlatformIndex, push } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

describe("content comes before what names it", () => {
  test("so that a registry which checks every manifest accepts each at the first time, the tag last of all", async () => {
    const pair = await startPair();
    const inner = buildPlatformIndex({ seed: "inner", layers: [1000], shared: 500 });
    const image = buildIndex({ children: [inner, buildImage({ seed: "beside", layers: [700] })] });
    await pair.copy(await pair.seed(image), pair.at("to/app:1"));
    const writes = pair.destination.requests.filter(({ method }) => method !== "GET" && method !== "HEAD");
    expect(writes.filter(({ status }) => status >= 400)).toEqual([]);
    expect(writes.at(-1)).toMatchObject({ method: "PUT", path: "/v2/to/app/manifests/1", status: 201 });
    const manifests = writes.filter(({ kind }) => kind === "manifest").map(({ path }) => path.split("/").at(-1));
    // Seven below the top one, each once, the inner index last of them; the top one only by its tag.
    expect(manifests).toHaveLength(8);
    expect(new Set(manifests).size).toBe(8);
    expect(manifests.indexOf(inner.digest)).toBeGreaterThan(
      Math.max(...inner.children.map((child) => manifests.indexOf(child.digest))),
    );
    expect(manifests).not.toContain(image.digest);
  });

  test("an upload has been answered before the manifest that names it starts", async () => {
    const pair = await startPair();
    const image = buildImage({ seed: "slow", layers: [1000, 2000] });
    const source = await pair.seed(image);
    const unanswered: string[] = [];
    pair.destination.intercept = ({ kind, method, reference }) => {
      if (kind !== "manifest" || method !== "PUT") return undefined;
      const open = pair.destination.requests.filter((one) => one.kind === "upload" && one.status === 0);
      unanswered.push(...open.map(({ path }) => `${reference}: ${path}`));
      return undefined;
    };
    await pair.copy(source, pair.at("to/app:1"));
    expect(unanswered).toEqual([]);
  });
});

describe("what was stored is read back", () => {
  const image = buildImage({ seed: "read back", layers: [1000] });
  const other = buildImage({ seed: "somebody else's" });

  test("a registry that lost the manifest is no success", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    pair.destination.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "PUT" ? { respond: { status: 201 } } : undefined;
    const item = await pair.copy(source, pair.at("to/app:1"));
    expect(item).toMatchObject({ outcome: "failed", error: { code: "unavailable", side: "destination" } });
    expect(item.error?.message).toContain("has taken the manifest and does not have it");
  });

  test("a registry that shows what it took only after a moment is waited for", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    let looks = 0;
    pair.destination.intercept = ({ kind, method, reference }) => {
      if (kind !== "manifest" || method !== "GET" || reference !== "1") return undefined;
      looks += 1;
      return looks <= 2 ? { respond: { status: 404 } } : undefined;
    };
    expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
    expect(pair.destination.counts()["PUT manifest"]).toBe(1);
  });

  test("a tag that somebody else wrote in between is a conflict that names both digests", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    await push(other, { host: pair.destination.host, repository: "to/app", tag: "theirs" });
    pair.destination.intercept = ({ kind, method, reference }) =>
      kind === "manifest" && method === "GET" && reference === "1"
        ? {
            respond: {
              status: 200,
              headers: { "Content-Type": other.mediaType, "Docker-Content-Digest": other.digest },
              body: other.bytes,
            },
          }
        : undefined;
    const item = await pair.copy(source, pair.at("to/app:1"));
    expect(item).toMatchObject({ outcome: "failed", error: { code: "conflict", side: "destination" } });
    expect(item.error?.message).toContain(image.digest);
    expect(item.error?.message).toContain(other.digest);
  });

  test("a registry that says it stored another digest is no success", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    pair.destination.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "PUT" ? { headers: { "Docker-Content-Digest": other.digest } } : undefined;
    expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({
      outcome: "failed",
      error: { code: "digest-mismatch" },
    });
  });

  test("a registry that rewrites manifests is found out by the bytes, whatever its headers say", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    const rewritten = JSON.stringify(JSON.parse(image.bytes.toString()));
    pair.destination.intercept = ({ kind, method }) =>
      kind === "manifest" && method === "GET"
        ? {
            respond: {
              status: 200,
              headers: { "Content-Type": image.mediaType, "Docker-Content-Digest": image.digest },
              body: rewritten,
            },
          }
        : undefined;
    expect(await pair.copy(source, pair.at("to/app:1"))).toMatchObject({
      outcome: "failed",
      error: { code: "digest-mismatch" },
    });
  });

  test("a registry that confirms a blob under another digest is no success", async () => {
    const pair = await startPair();
    const source = await pair.seed(image);
    pair.destination.intercept = ({ kind, method }) =>
      kind === "upload" && method === "PUT"
        ? { respond: { status: 201, headers: { "Docker-Content-Digest": other.digest } } }
        : undefined;
    const item = await pair.copy(source, pair.at("to/app:1"));
    expect(item).toMatchObject({ outcome: "failed", error: { code: "digest-mismatch", side: "destination" } });
    expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
  });
});

test("a registry that has a blob by its word and misses it at the manifest gets it after all", async () => {
  const pair = await startPair();
  const image = buildImage({ seed: "lost", layers: [1000] });
  const source = await pair.seed(image);
  let lies = 0;
  // As distribution does with a cache before storage that was cleaned behind its back.
  pair.destination.intercept = ({ kind, method, path }) => {
    const asked = (kind === "blob" && method === "HEAD") || (method === "POST" && path.includes("mount="));
    if (!asked || lies >= image.blobs.length) return undefined;
    lies += 1;
    return { respond: method === "HEAD" ? { status: 200, headers: { "Content-Length": "1000" } } : { status: 201 } };
  };
  const item = await pair.copy(source, pair.at("to/app:1"));
  expect(item.error?.message).toBeUndefined();
  expect(item).toMatchObject({ outcome: "done", blobs: { copied: 2 } });
  expect(await pair.tree(pair.at("to/app:1"))).toMatchObject({ digest: image.digest });
});

test("a destination that is gone is an error of that side, not an absence", async () => {
  const gone = await startRegistry();
  const pair = await startPair();
  const source = await pair.seed(buildImage({ seed: "x" }));
  await gone.close();
  const engine = pair.newEngine({
    registries: [pair.source.host, gone.host].map((address) => ({ address, plainHttp: true })),
  });
  await expect(
    engine.plan({ source, destination: { ...pair.at("to/app:1"), registry: gone.host } }),
  ).rejects.toMatchObject({ code: "unavailable" });
});
