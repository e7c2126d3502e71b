import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { buildImage, buildIndex, fetchTree, push, treeOf } from "../support/images/index.ts";
import { basicAuthorization, testLogin } from "../support/registries/index.ts";
import { invoke, type Outcome } from "./invoke.ts";

const shared = { size: 500, seed: "shared" };
const image = buildIndex({ children: [buildImage({ seed: "deleted", layers: [200, shared] })] });
const neighbour = buildImage({ seed: "neighbour", layers: [shared] });
const signature = buildImage({ seed: "signature", layers: [30] });
const sigTag = `${image.digest.replace(":", "-")}.sig`;
const login = `${testLogin.user}:${testLogin.password}`;
const authorization = basicAuthorization(testLogin);

async function open(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  const at = { host: registry.host, ...(options.auth === undefined ? {} : { headers: { authorization } }) };
  await push(image, { ...at, repository: "app", tag: "1" });
  await push(neighbour, { ...at, repository: "app", tag: "2" });
  return registry;
}

const run = (registry: RunningRegistry, ...words: readonly string[]): Promise<Outcome> =>
  invoke([...words.map((word) => word.replace("REGISTRY", registry.host)), "--plain-http"]);

async function tags(registry: RunningRegistry): Promise<unknown> {
  return ((await (await fetch(`${registry.url}/v2/app/tags/list`)).json()) as { tags: unknown }).tags;
}

describe("imagesync delete", () => {
  test("takes the tag and what only it has needed, and prints each on a line", async () => {
    const registry = await open();
    const { code, stdout, stderr } = await run(registry, "delete", "REGISTRY/app:1");
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("tag 1");
    expect(lines[1]).toBe(`manifest ${image.digest}`);
    expect(lines.filter((line) => line.startsWith("manifest "))).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith("blob "))).toHaveLength(2);
    expect(stderr).toMatch(/Kept sha256:[0-9a-f]{64}: tag 2\nDeleted 1 tag, 2 manifests, 2 blobs with /);
    expect(await fetchTree(registry, "app", "2")).toEqual(treeOf(neighbour));
    expect(await tags(registry)).toEqual(["2"]);
  });

  test("that is repeated has nothing to do", async () => {
    const registry = await open();
    await run(registry, "delete", "REGISTRY/app:1");
    const { code, stdout, stderr } = await run(registry, "delete", "REGISTRY/app:1");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toBe("The tag 1 is not there\nNothing was deleted\n");
  });

  test("tells that the registry asks to wait, unless it is told to be quiet", async () => {
    for (const [words, said] of [
      [[], /asks to wait[^]*retry of "/],
      [["--quiet"], /^(?!.*asks to wait)/s],
    ] as const) {
      const registry = await open();
      let refused = false;
      registry.intercept = () => {
        if (refused) return undefined;
        refused = true;
        return { respond: { status: 429, headers: { "Retry-After": "0" } } };
      };
      const { code, stderr } = await run(registry, "delete", ...words, "REGISTRY/app:1");
      expect({ code, refused }).toEqual({ code: 0, refused: true });
      expect(stderr).toMatch(said);
    }
  });

  test("in a dry run prints the same and deletes nothing", async () => {
    const registry = await open();
    const dry = await run(registry, "delete", "--dry-run", "REGISTRY/app:1");
    expect(dry.stderr).toContain("Would delete 1 tag, 2 manifests, 2 blobs with ");
    expect(await fetchTree(registry, "app", "1")).toEqual(treeOf(image));
    const wet = await run(registry, "delete", "REGISTRY/app:1");
    expect(wet.stdout.split("\n").sort()).toEqual(dry.stdout.split("\n").sort());
  });

  test("of a tag that holds another digest is a conflict", async () => {
    const registry = await open();
    const { code, stdout, stderr } = await run(registry, "delete", "--digest", image.digest, "REGISTRY/app:2");
    expect(code).toBe(4);
    expect(stdout).toBe("");
    expect(stderr).toContain(`Kept ${neighbour.digest}: the tag 2 holds it, not ${image.digest}`);
    expect(await fetchTree(registry, "app", "1")).toEqual(treeOf(image));
    expect(await fetchTree(registry, "app", "2")).toEqual(treeOf(neighbour));
  });

  test("with another digest than the tag holds touches nothing, not even the image of that digest", async () => {
    const registry = await open();
    await run(registry, "delete", "--untag-only", "REGISTRY/app:1");
    const { code, stdout } = await run(registry, "delete", "--digest", image.digest, "REGISTRY/app:2");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(await fetchTree(registry, "app", image.digest)).toEqual(treeOf(image));
  });

  test("where nothing is deleted fails, with what to do", async () => {
    const registry = await open({ allowDelete: false });
    const byTag = await run(registry, "delete", "REGISTRY/app:1");
    const lonely = buildImage({ seed: "lonely", layers: [40] });
    await push(lonely, { host: registry.host, repository: "app" });
    const byDigest = await run(registry, "gc", "--digest", lonely.digest, "REGISTRY/app");
    expect([byTag.code, byDigest.code]).toEqual([1, 1]);
    for (const { stderr } of [byTag, byDigest]) {
      expect(stderr).toContain("storage.delete.enabled");
      expect(stderr, "words of Terraform's configuration").not.toContain("deletion_policy");
    }
  });

  test("in a dry run tells beforehand where nothing is deleted", async () => {
    const registry = await open({ allowDelete: false });
    const byTag = await run(registry, "delete", "--dry-run", "REGISTRY/app:1");
    const lonely = buildImage({ seed: "lonely", layers: [40] });
    await push(lonely, { host: registry.host, repository: "app" });
    const byDigest = await run(registry, "gc", "--dry-run", "--digest", lonely.digest, "REGISTRY/app");
    for (const { code, stdout, stderr } of [byTag, byDigest]) {
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("storage.delete.enabled");
    }
  });

  test("from an archive is refused, in a dry run too; what is not there needs no delete", async () => {
    const registry = await open();
    const folder = await mkdtemp(join(tmpdir(), "imagesync-delete-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const archive = `oci-archive:${join(folder, "a.tar")}`;
    await run(registry, "copy", "REGISTRY/app:2", `${archive}:2`);
    const layout = `oci:${join(folder, "layout")}`;
    await run(registry, "copy", "REGISTRY/app:2", `${layout}:2`);
    const before = await readFile(join(folder, "a.tar"));
    for (const words of [[], ["--dry-run"]]) {
      const { code, stdout, stderr } = await invoke(["delete", ...words, `${archive}:2`]);
      expect({ words, code, stdout }).toEqual({ words, code: 1, stdout: "" });
      expect(stderr).toContain("an archive is written as a whole, by a copy");
      expect(await invoke(["delete", ...words, `${archive}:1`])).toMatchObject({ code: 0 });
    }
    expect(await readFile(join(folder, "a.tar"))).toEqual(before);
    expect(await invoke(["delete", "--dry-run", `${layout}:2`])).toMatchObject({ code: 0, stdout: "tag 2\n" });
  });

  test("takes what belongs to the image along, unless it is told not to", async () => {
    for (const [words, left] of [
      [[], ["2"]],
      [["--no-referrers"], ["2", sigTag]],
    ] as const) {
      const registry = await open();
      await push(signature, { host: registry.host, repository: "app", tag: sigTag });
      const dry = await run(registry, "delete", "--dry-run", ...words, "REGISTRY/app:1");
      const { code, stdout } = await run(registry, "delete", ...words, "REGISTRY/app:1");
      expect({ code, lines: stdout.split("\n").sort() }).toEqual({ code: 0, lines: dry.stdout.split("\n").sort() });
      expect(await tags(registry)).toEqual(left);
    }
  });

  test("that is stopped names what is left, and what deletes it", async () => {
    const registry = await open();
    const stop = new AbortController();
    registry.intercept = ({ kind }) => {
      if (kind === "tags") stop.abort();
      return undefined;
    };
    const { code, stderr } = await invoke(["delete", "--plain-http", `${registry.host}/app:1`], {
      signal: stop.signal,
    });
    expect(code).toBe(130);
    expect(stderr).toContain(`imagesync gc --digest ${image.digest} ${registry.host}/app\n`);
    registry.intercept = undefined;
    expect(await tags(registry)).toEqual(["2"]);
    expect((await run(registry, "gc", "--digest", image.digest, "REGISTRY/app")).stdout).toContain(image.digest);
  });

  test("by digest deletes only what no tag needs", async () => {
    const registry = await open();
    const held = await run(registry, "delete", `REGISTRY/app@${image.digest}`);
    expect({ code: held.code, stdout: held.stdout }).toEqual({ code: 0, stdout: "" });
    expect(held.stderr).toBe(`Kept ${image.digest}: tag 1\nNothing was deleted\n`);
    await run(registry, "delete", "--untag-only", "REGISTRY/app:1");
    const { stdout } = await run(registry, "delete", `REGISTRY/app@${image.digest}`);
    expect(stdout).toContain(`manifest ${image.digest}\n`);
  });

  test("keeps what it is told to keep", async () => {
    const registry = await open();
    const { stdout, stderr } = await run(registry, "delete", "--keep-digest", image.digest, "REGISTRY/app:1");
    expect(stdout).toBe("tag 1\n");
    expect(stderr).toContain(`Kept ${image.digest}: keep_digests`);
    expect(await fetchTree(registry, "app", image.digest)).toEqual(treeOf(image));
  });

  test("fails with the reason when something left a doubt, the tag being gone", async () => {
    const registry = await open();
    registry.intercept = ({ kind }) => (kind === "tags" ? { respond: { status: 403 } } : undefined);
    const { code, stdout, stderr } = await run(registry, "delete", "REGISTRY/app:1");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "tag 1\n" });
    expect(stderr).toContain("Skipped collection: Cannot list tags");
  });

  test("tells a program everything as one object", async () => {
    const registry = await open();
    const { stdout } = await run(registry, "delete", "-o", "json", "REGISTRY/app:1");
    expect(JSON.parse(stdout)).toMatchObject({ tag: "1", untagged: true, kept: [{ by: "tag 2" }], skipped: [] });
  });

  test("logs in", async () => {
    const registry = await open({ auth: { kind: "basic", users: { [testLogin.user]: testLogin.password } } });
    expect((await run(registry, "delete", "REGISTRY/app:1")).code).toBe(1);
    const { code, stdout, stderr } = await run(registry, "delete", "--creds", login, "REGISTRY/app:1");
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(testLogin.password);
  });

  test.each([
    [["delete"], "missing required argument"],
    [["delete", "registry.example.com/Upper:1"], "Invalid image reference"],
    [["delete", "--digest", "sha256:1", "REGISTRY/app:1"], "sha256:1"],
    [["delete", "--keep-digest", "latest", "REGISTRY/app:1"], "latest"],
    [["delete", "--creds", "nobody", "REGISTRY/app:1"], "The login for --creds has no user"],
    [["delete", "--ca-file", "/does/not/exist", "REGISTRY/app:1"], "Cannot read the certificates"],
    [["delete", "REGISTRY/app"], "names a repository, not an image"],
    [["delete", "--digest", neighbour.digest, `REGISTRY/app@${image.digest}`], "--digest names another digest"],
    [["gc", "REGISTRY/app:1"], "names an image, not a repository"],
    [["gc", `REGISTRY/app@${image.digest}`], "names an image, not a repository"],
    [["gc", "--digest", "x", "REGISTRY/app"], "x"],
    [["gc", "--untagged-older-than", "soon", "REGISTRY/app"], "An age is written as"],
  ])("refuses %j", async (words, says) => {
    const registry = await open();
    registry.resetCounts();
    const { code, stderr } = await run(registry, ...words);
    expect(code).toBe(64);
    expect(stderr).toContain(says);
    expect(registry.requests).toEqual([]);
  });
});

describe("imagesync gc", () => {
  test("deletes the digests it is given, unless something needs them", async () => {
    const registry = await open();
    await run(registry, "delete", "--untag-only", "REGISTRY/app:1");
    const digests = `${image.digest},${neighbour.digest}`;
    const dry = await run(registry, "gc", "--dry-run", "--digest", digests, "REGISTRY/app");
    expect(dry.stdout).toContain(`manifest ${image.digest}\n`);
    expect(await fetchTree(registry, "app", image.digest)).toEqual(treeOf(image));
    const { code, stdout, stderr } = await run(registry, "gc", "--digest", digests, "REGISTRY/app");
    expect(code).toBe(0);
    expect(stdout).toContain(`manifest ${image.digest}\n`);
    expect(stderr).toContain(`Kept ${neighbour.digest}: tag 2`);
    expect(await fetchTree(registry, "app", "2")).toEqual(treeOf(neighbour));
  });

  test("takes the signatures of the digests along, unless it is told not to", async () => {
    for (const [words, left] of [
      [[], ["2"]],
      [["--no-referrers"], ["2", sigTag]],
    ] as const) {
      const registry = await open();
      await push(signature, { host: registry.host, repository: "app", tag: sigTag });
      await run(registry, "delete", "--untag-only", "REGISTRY/app:1");
      expect((await run(registry, "gc", ...words, "--digest", image.digest, "REGISTRY/app")).code).toBe(0);
      expect(await tags(registry)).toEqual(left);
    }
  });

  test("says where what no tag holds cannot be listed", async () => {
    const registry = await open();
    const { code, stderr } = await run(registry, "gc", "--untagged-older-than", "30d", "REGISTRY/app");
    expect(code).toBe(1);
    expect(stderr).toContain("Skipped untagged: this registry does not list what no tag holds");
  });

  test("of a layout is refused as what it is", async () => {
    const { code, stderr } = await invoke(["gc", "oci:layout"]);
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot collect garbage in "oci:');
    expect(stderr).toContain("of a layout only tags are removed");
  });

  test("has nothing to do in a clean repository, nor in one that is not there", async () => {
    const registry = await open();
    for (const repository of ["app", "nowhere"]) {
      const { code, stdout, stderr } = await run(registry, "gc", `REGISTRY/${repository}`);
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "Nothing was deleted\n" });
    }
  });
});
