import { expect } from "vitest";
import { guideBlocks as guide, linesOf, openReader as openReaderAt, type Reader } from "./reader.ts";
import type { Handler } from "./handler.ts";

async function openReader(auth?: Readonly<Record<string, string>>): Promise<Reader> {
  const options = auth === undefined ? {} : { auth: { kind: "basic", users: auth } as const };
  return await openReaderAt({ "docker.io": {}, "registry.example.com": options });
}

/** What became of a file by `imagesync convert`. */
async function convertedTo(reader: Reader, command: string | undefined, file: string): Promise<string> {
  return (await reader.run(`${command}cat ${file}`)).join("\n");
}

/** The guide for users of replicant, from its first block to its last. */
export const replicantGuideHandler: Handler = {
  proves: "the guide from replicant leads through a run, a comparison and a conversion as it shows them",
  blocks: guide(
    "migrating-from-replicant",
    ["As it is", 4],
    ["Side by side", 3],
    ["To our own file, or to Terraform", 3],
  ),
  needs: [],
  async run(blocks) {
    const [file, run, shown, job, plan, shownPlan, tags, convert, native, terraform] = blocks.map(({ text }) => text);
    const reader = await openReader();
    const { world } = reader;
    for (const tag of ["v1.9.1", "v1.9.2", "main"]) await world.push(`docker.io/velero/velero:${tag}`);
    for (const tag of ["6.2.6", "6.2.7", "7.0.5"]) await world.push(`docker.io/library/redis:${tag}`);
    await world.push("registry.example.com/mirror/redis:6.2.6");
    await reader.write("replicant.yaml", file);

    expect(await reader.run(run)).toEqual(linesOf(shown));
    expect(await world.tags("registry.example.com/mirror/redis")).toEqual(["6.2.6", "6.2.7"]);
    expect(await reader.run(job)).toEqual(linesOf(shown).filter((line) => !line.includes("redis")));
    expect(await reader.run(plan)).toEqual(linesOf(shownPlan));
    // There is nothing higher any more.
    expect(await reader.run(tags)).toEqual([""]);
    expect(await reader.run(convert)).toEqual(linesOf(native));
    expect(await convertedTo(reader, terraform, "mirror.tf")).toContain('resource "imagesync_repository" "redis"');
  },
};

const key = '{"type": "service_account"}\n';

/** The guide for users of Kyma's image-syncer, from its first block to its last. */
export const imageSyncerGuideHandler: Handler = {
  proves: "the guide from Kyma's image-syncer leads through its runs, a comparison and a conversion as it shows them",
  blocks: guide(
    "migrating-from-image-syncer",
    ["As it is", 8],
    ["Side by side", 2],
    ["To our own file, or to Terraform", 3],
  ),
  needs: [],
  async run(blocks) {
    const [first, dry, shownDry, run, shown, later, withToken, shownLater, ...others] = blocks.map(({ text }) => text);
    const [plan, shownPlan, convert, native, terraform] = others;
    const reader = await openReader({ _json_key: key });
    for (const image of ["bitnami/keycloak-gatekeeper:9.0.3", "library/busybox:1.31.1"]) {
      await reader.world.push(`docker.io/${image}`);
    }
    await reader.write("external-images.yaml", first);
    await reader.write("later-images.yaml", later);
    await reader.write("key.json", key);

    expect(await reader.run(dry)).toEqual(linesOf(shownDry));
    expect(reader.world.writes("registry.example.com")).toEqual([]);
    expect(await reader.run(run)).toEqual(linesOf(shown));
    const auth = Buffer.from(`_json_key:${key}`).toString("base64");
    const login = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "registry.example.com": { auth } } }) };
    expect(await reader.run(plan, login)).toEqual(linesOf(shownPlan));
    expect(await reader.run(convert)).toEqual(linesOf(native));
    expect(await convertedTo(reader, terraform, "external.tf")).toContain('on_conflict = "fail"');

    // A registry whose tokens are its own affair: it takes any.
    const other = await openReader();
    for (const image of ["bitnami/keycloak-gatekeeper:9.0.3", "library/busybox:1.31.1"]) {
      await other.world.push(`docker.io/${image}`);
    }
    await other.write("later-images.yaml", later);
    expect(await other.run(withToken, { TOKEN: "ya29.token" })).toEqual(linesOf(shownLater));
  },
};
