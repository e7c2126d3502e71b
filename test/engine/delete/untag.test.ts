import { describe, expect, test } from "vitest";
import type { Intercept } from "../../../embedded-registry/index.ts";
import type { Digest } from "../../../engine/index.ts";
import { buildImage, buildIndex, push, treeOf } from "../../support/images/index.ts";
import { type Pair, startPair } from "../pair.ts";

const image = buildIndex({ children: [buildImage({ seed: "stand-in", layers: [900] })] });
const digest = image.digest as Digest;

/** A registry that deletes digests only, with the image under two tags. */
async function start(): Promise<Pair> {
  const pair = await startPair({ destination: { tagDelete: false }, engine: { retry: { attempts: 1 } } });
  for (const tag of ["1", "2"]) await push(image, { host: pair.destination.host, repository: "to/app", tag });
  pair.resetCounts();
  return pair;
}

const isStandIn: (request: Parameters<Intercept>[0]) => boolean = ({ kind, method, reference }) =>
  kind === "manifest" && method === "PUT" && reference === "1";

describe("a tag is taken away by a stand-in where only digests can be deleted", () => {
  test("which shares nothing with any image and leaves nothing behind", async () => {
    const pair = await start();
    await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest, policy: "untag" });
    expect(pair.destination.counts()).toEqual({
      "HEAD manifest": 1,
      // The tag, a digest that nobody has, the stand-in.
      "DELETE manifest": 3,
      // Whether it is Harbor, which refuses in the same words.
      "GET unknown": 1,
      "GET manifest": 1,
      "HEAD blob": 1,
      "POST upload": 1,
      "PUT upload": 1,
      "PUT manifest": 1,
    });
    const deleted = pair.destination.requests.filter(
      ({ method, kind, status }) => method === "DELETE" && kind === "manifest" && status === 202,
    );
    expect(deleted).toHaveLength(1);
    expect(deleted[0]?.path).not.toContain(digest);
    expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
    // From the second on, all that is known already is not asked again.
    await push(image, { host: pair.destination.host, repository: "to/app", tag: "3" });
    pair.resetCounts();
    await pair.engine.remove(pair.at("to/app:3"), { expectDigest: digest, policy: "untag" });
    expect(pair.destination.counts()).toEqual({ "GET manifest": 1, "PUT manifest": 1, "DELETE manifest": 1 });
  });

  test("and what it needs is brought again when a collector has taken it", async () => {
    const pair = await start();
    await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest, policy: "untag" });
    const empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    expect((await fetch(`${pair.destination.url}/v2/to/app/blobs/${empty}`, { method: "DELETE" })).status).toBe(202);
    expect(await pair.engine.remove(pair.at("to/app:2"), { expectDigest: digest })).toMatchObject({ untagged: true });
    expect(await pair.tagged(pair.at("to/app:2"))).toBeUndefined();
  });

  test("whose digest is another one every time, so that two removals do not meet", async () => {
    const pair = await start();
    const seen: string[] = [];
    pair.destination.intercept = (request) => {
      if (request.kind === "manifest" && request.method === "DELETE" && request.reference.includes(":"))
        seen.push(request.reference);
      return undefined;
    };
    const removal = { expectDigest: digest, policy: "untag" } as const;
    await Promise.all(["1", "2"].map((tag) => pair.engine.remove(pair.at(`to/app:${tag}`), removal)));
    // One of them is the question whether deletes work.
    expect(new Set(seen).size).toBe(3);
  });

  test.each<readonly [string, (request: Parameters<Intercept>[0], stop: () => void) => ReturnType<Intercept>]>([
    [
      "its delete is refused",
      ({ kind, method, reference }) =>
        kind === "manifest" && method === "DELETE" && reference.includes(":") && reference !== "probe"
          ? { respond: { status: 403 } }
          : undefined,
    ],
    ["its upload is refused", ({ kind }) => (kind === "upload" ? { respond: { status: 403 } } : undefined)],
    ["its manifest is refused", (request) => (isStandIn(request) ? { respond: { status: 403 } } : undefined)],
  ])("and the tag holds the image again when %s", async (_name, fault) => {
    const pair = await start();
    let deletes = 0;
    pair.destination.intercept = (request) => {
      // The first delete of a digest is the question whether deletes work.
      if (request.method === "DELETE" && request.reference.includes(":")) deletes += 1;
      return request.method === "DELETE" && deletes <= 1 ? undefined : fault(request, () => undefined);
    };
    await expect(pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest })).rejects.toMatchObject({
      code: "denied",
    });
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(digest);
    expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
  });

  test("and the tag holds the image again when the answer to its push is lost", async () => {
    const pair = await start();
    let lost = false;
    pair.destination.intercept = (request) => {
      if (!isStandIn(request) || lost) return undefined;
      lost = true;
      // The registry has taken it, and the client never learns.
      return { headers: { "Docker-Content-Digest": digest } };
    };
    await expect(pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest })).rejects.toMatchObject({
      code: "digest-mismatch",
    });
    expect(await pair.tagged(pair.at("to/app:1"))).toBe(digest);
  });

  test("at every request that it is stopped at, the tag is gone or holds the image", async () => {
    let struck = true;
    for (let at = 0; struck; at += 1) {
      const pair = await start();
      const stop = new AbortController();
      let seen = 0;
      struck = false;
      pair.destination.intercept = () => {
        if (seen === at) {
          struck = true;
          stop.abort();
        }
        seen += 1;
        return undefined;
      };
      const removal = { expectDigest: digest, signal: stop.signal };
      const outcome = await pair.engine.remove(pair.at("to/app:1"), removal).then(
        () => "removed",
        (error: { code: string }) => error.code,
      );
      const tag = await pair.tagged(pair.at("to/app:1"));
      expect([undefined, digest].map((one) => ({ at, tag: one }))).toContainEqual({ at, tag });
      expect([{ at, outcome: "removed" }, ...(struck ? [{ at, outcome: "aborted" }] : [])]).toContainEqual({
        at,
        outcome,
      });
      await pair.newEngine().remove(pair.at("to/app:1"), { expectDigest: digest });
      expect({ at, tag: await pair.tagged(pair.at("to/app:1")) }).toEqual({ at, tag: undefined });
      expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
    }
  });

  test("at every request that is answered with an error from there on, nothing is worse than a stand-in that says what it replaced", async () => {
    let struck = true;
    for (let at = 0; struck; at += 1) {
      const pair = await start();
      let seen = 0;
      struck = false;
      pair.destination.intercept = () => {
        seen += 1;
        if (seen <= at) return undefined;
        struck = true;
        return { respond: { status: 503 } };
      };
      await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest }).catch(() => undefined);
      pair.destination.intercept = undefined;
      const url = `${pair.destination.url}/v2/to/app/manifests/1`;
      const answer = await fetch(url, { headers: { accept: "*/*" } });
      const text = await answer.text();
      const honest =
        answer.status === 404 ||
        text === image.bytes.toString() ||
        text.includes(`"io.imagesync.stand-in.for":"${digest}"`);
      expect({ at, honest, text }).toEqual({ at, honest: true, text });
      expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
    }
  });

  test.each([404, 500])(
    "and again when its delete is answered with %i and has left a tag without content",
    async (status) => {
      const pair = await start();
      let deletes = 0;
      let hollow = false;
      pair.destination.intercept = (request) => {
        const { kind, method, reference } = request;
        if (kind !== "manifest") return undefined;
        if (method === "DELETE" && reference.includes(":")) deletes += 1;
        // As distribution 2.8 does while somebody else writes a tag: the stand-in is forgotten, the tag is not.
        if (method === "DELETE" && deletes === 2) {
          hollow = true;
          return { respond: { status } };
        }
        if (isStandIn(request)) hollow = false;
        return hollow && reference === "1" ? { respond: { status: 404 } } : undefined;
      };
      expect(await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest })).toMatchObject({
        untagged: true,
        skipped: [],
      });
      const tags = (await (await fetch(`${pair.destination.url}/v2/to/app/tags/list`)).json()) as { tags: unknown };
      expect(tags.tags).toEqual(["2"]);
      expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
    },
  );

  test("and once only, where somebody has put the tag anew meanwhile", async () => {
    const pair = await start();
    let deletes = 0;
    pair.destination.intercept = ({ kind, method, reference }) => {
      if (kind !== "manifest" || method !== "DELETE" || !reference.includes(":")) return undefined;
      deletes += 1;
      if (deletes !== 2) return undefined;
      const until = push(image, { host: pair.destination.host, repository: "to/app", tag: "1" });
      return { until, respond: { status: 404 } };
    };
    expect(await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest })).toMatchObject({ untagged: true });
    expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
  });

  test("a stand-in that a killed process has left is recognised by the next removal, and taken away", async () => {
    const pair = await start();
    const killed = pair.newEngine();
    pair.destination.intercept = ({ kind, method }) => {
      const requests = pair.destination.requests.filter((one) => one.kind === "manifest" && one.method === "PUT");
      if (kind === "manifest" && method === "DELETE" && requests.length > 0) void killed.close();
      return kind === "manifest" && method === "DELETE" && requests.length > 0
        ? { respond: { status: 500 } }
        : undefined;
    };
    const removal = { expectDigest: digest };
    await expect(killed.remove(pair.at("to/app:1"), removal)).rejects.toMatchObject({ operation: "delete tag" });
    pair.destination.intercept = undefined;
    expect(await pair.tagged(pair.at("to/app:1"))).not.toBe(digest);
    expect(await pair.engine.remove(pair.at("to/app:1"), removal)).toMatchObject({ untagged: true, skipped: [] });
    expect(await pair.tagged(pair.at("to/app:1"))).toBeUndefined();
    expect(await pair.tree(pair.at("to/app:2"))).toEqual(treeOf(image));
  });

  test("a tag that somebody moves while the stand-in is prepared is left to him", async () => {
    const pair = await start();
    const theirs = buildImage({ seed: "theirs" });
    await push(theirs, { host: pair.destination.host, repository: "to/app", tag: "theirs" });
    pair.destination.intercept = ({ kind, method, reference }) =>
      kind === "manifest" && method === "GET" && reference === "1"
        ? {
            respond: {
              status: 200,
              headers: { "Content-Type": theirs.mediaType, "Docker-Content-Digest": theirs.digest },
              body: theirs.bytes,
            },
          }
        : undefined;
    const report = await pair.engine.remove(pair.at("to/app:1"), { expectDigest: digest });
    expect(report).toMatchObject({ untagged: false });
    expect(report.kept[0]).toMatchObject({ digest: theirs.digest });
    expect(pair.destination.counts()["PUT manifest"]).toBe(1);
  });
});
