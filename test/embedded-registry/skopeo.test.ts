import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRegistry, type RunningRegistry } from "../../embedded-registry/index.ts";
import { digestOf, fetchTree, imageKinds, push, treeOf, type TestManifest } from "../support/images/index.ts";
import { makeCertificates, requireTool, testLogin } from "../support/registries/index.ts";

const program = requireTool("skopeo");

/** Kinds that skopeo itself cannot copy between registries, whatever registries they are. */
const BEYOND_SKOPEO = ["nested index", "withdrawn artifact manifest", "sha512 layer"];

function build(name: string): TestManifest {
  const kind = imageKinds.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`There is no kind "${name}"`);
  return kind.build();
}

describe.skipIf(program === undefined)("skopeo as a client", () => {
  let directory: string;
  let open: RunningRegistry;
  let guarded: RunningRegistry;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-skopeo-"));
    const { ca, cert, key } = await makeCertificates();
    await writeFile(join(directory, "ca.crt"), ca);
    open = await startRegistry();
    guarded = await startRegistry({
      storage: { directory: join(directory, "data") },
      tls: { cert, key },
      auth: { kind: "token", users: { [testLogin.user]: testLogin.password } },
    });
  });

  afterAll(async () => {
    await Promise.all([open.close(), guarded.close()]);
    await rm(directory, { recursive: true });
  });

  async function skopeo(...parameters: string[]): Promise<Buffer> {
    const run = promisify(execFile);
    const { stdout } = await run(program ?? "", ["--insecure-policy", ...parameters], { encoding: "buffer" });
    return stdout;
  }

  const login = `${testLogin.user}:${testLogin.password}`;

  test.each(imageKinds.filter(({ name }) => !BEYOND_SKOPEO.includes(name)))(
    "it copies $name from memory to disk, over TLS with a token, without a change",
    async (kind) => {
      const image = kind.build();
      const repository = `kinds/${kind.name.toLowerCase().replaceAll(" ", "-")}`;
      await push(image, { host: open.host, repository, tag: "tag" });
      await skopeo(
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-cert-dir",
        directory,

        "--dest-creds",
        login,
        `docker://${open.host}/${repository}:tag`,
        `docker://${guarded.host}/${repository}:tag`,
      );
      const raw = await skopeo(
        "inspect",
        "--raw",
        "--cert-dir",
        directory,
        "--creds",
        login,
        `docker://${guarded.host}/${repository}:tag`,
      );
      expect(digestOf([raw])).toBe(image.digest);
      expect([open.openUploads(), guarded.openUploads()]).toEqual([0, 0]);
    },
  );

  test("it copies back what it brought, and the tree is whole", async () => {
    const image = build("index of five platforms");
    await push(image, { host: open.host, repository: "there", tag: "tag" });
    const guardedTag = `docker://${guarded.host}/there:tag`;
    await skopeo(
      "copy",
      "--all",
      "--src-tls-verify=false",
      "--dest-cert-dir",
      directory,
      "--dest-creds",
      login,
      `docker://${open.host}/there:tag`,
      guardedTag,
    );
    await skopeo(
      "copy",
      "--all",
      "--dest-tls-verify=false",
      "--src-cert-dir",
      directory,
      "--src-creds",
      login,
      guardedTag,
      `docker://${open.host}/back:tag`,
    );
    expect(await fetchTree(open, "back", "tag")).toEqual(treeOf(image));
  });

  test("it lists tags page by page", async () => {
    const paged = await startRegistry({ maxTagsPerPage: 3 });
    try {
      const image = build("single image");
      const tags = ["a", "b", "c", "d", "e", "f", "g"];
      for (const tag of tags) await push(image, { host: paged.host, repository: "a", tag });
      const list = await skopeo("list-tags", "--tls-verify=false", `docker://${paged.host}/a`);
      expect(JSON.parse(list.toString())).toMatchObject({ Tags: tags });
      expect(paged.counts()["GET tags"]).toBe(3);
    } finally {
      await paged.close();
    }
  });

  test("it deletes an image", async () => {
    const image = build("single image");
    await push(image, { host: open.host, repository: "deleted", tag: "tag" });
    await skopeo("delete", "--tls-verify=false", `docker://${open.host}/deleted:tag`);
    await expect(fetchTree(open, "deleted", "tag")).rejects.toThrow("404");
  });

  test("it is kept out without a login", async () => {
    await expect(
      skopeo("list-tags", "--cert-dir", directory, `docker://${guarded.host}/kinds/single-image`),
    ).rejects.toThrow(/auth|unauthorized/i);
  });
});
