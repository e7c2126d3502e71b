import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { openWorld, type World } from "../golden/world.ts";
import type { Handler } from "./handler.ts";
import { root } from "./markdown.ts";
import { newDirectory, withoutDigits } from "./newcomer.ts";
import { mustRun } from "./shell.ts";

const guide = (name: string, ...places: readonly (readonly [heading: string, blocks: number])[]): string[] =>
  places.flatMap(([heading, blocks]) =>
    Array.from({ length: blocks }, (_, at) => `docs/guides/${name}.md > ${heading} > ${at + 1}`),
  );

/** A reader with the built program on PATH, to whom registries have the names of the guide. */
interface Reader {
  readonly world: World;
  write(name: string, text: string | undefined): Promise<void>;
  /** Runs a block. @returns its lines without the digits of digests, in alphabetical order */
  run(script: string | undefined, environment?: Readonly<Record<string, string>>): Promise<string[]>;
}

async function openReader(auth?: Readonly<Record<string, string>>): Promise<Reader> {
  const options = auth === undefined ? {} : { auth: { kind: "basic", users: auth } as const };
  const world = await openWorld({ "docker.io": {}, "registry.example.com": options });
  const directory = await newDirectory();
  await mkdir(join(directory, "bin"));
  await symlink(join(root, "dist/imagesync"), join(directory, "bin/imagesync"));
  const path = `${join(directory, "bin")}:${process.env["PATH"] ?? ""}`;
  return {
    world,
    write: (name, text = "") => writeFile(join(directory, name), text),
    run: async (script = "", more = {}) =>
      linesOf(
        await mustRun(script, {
          home: directory,
          directory,
          environment: { ...world.environment, ...more, PATH: path },
        }),
      ),
  };
}

/** Images come in the order in which they are done. */
function linesOf(text = ""): string[] {
  return withoutDigits(text)
    .replaceAll(/sha256:(?:[0-9a-f]{12}\b|…12 digits…)/g, "sha256:…")
    .split("\n")
    .sort();
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
