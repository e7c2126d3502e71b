import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runtimeSetting } from "../build/launcher.ts";
import { homeDirectory, imageUser, programFiles, runtimeFiles, workDirectory } from "./image-files.ts";
import { type ImageContent, ImageLayout } from "./image-layout.ts";
import type { Ingredients } from "./ingredients.ts";
import type { PlatformParts } from "./platform-parts.ts";
import { gzipped, tarArchive } from "./tar-archive.ts";
import { verifiedArchive } from "./verified-archive.ts";

/** A platform of the image: what it is made of, and the command line that is compiled for it. */
export interface ImagePlatform {
  readonly parts: PlatformParts;
  readonly executable: Uint8Array;
}

/** What comes after the version in the name of the image's file. */
export const imageArchive = "image.tar";

/**
 * Makes the container image of the command line for all platforms, as an archive of an OCI layout: there is nothing in
 * it but the program and what it needs, and no shell. The engine itself puts it together and checks it.
 */
export async function containerImage(
  platforms: readonly ImagePlatform[],
  ingredients: Ingredients,
  created: string,
): Promise<Buffer> {
  const { version, directory } = ingredients;
  const annotations = annotationsOf(version, created);
  const place = await mkdtemp(join(directory, "image-"));
  try {
    const layout = new ImageLayout(join(place, "layout"));
    const images = [];
    for (const { parts, executable } of platforms) {
      const files = [runtimeFiles(parts), await programFiles(parts, executable, ingredients)];
      const tars = await Promise.all(files.map(tarArchive));
      const layers = await Promise.all(tars.map(async (tar) => ({ tar, packed: await gzipped(tar) })));
      images.push(await layout.addImage(contentOf(parts, annotations, created), layers));
    }
    // A tag has no plus sign, where a version may have one.
    const tag = version.replace("+", "_");
    await layout.finish(tag, images, annotations);
    const file = join(place, imageArchive);
    await verifiedArchive({ layout: layout.directory, file, tag, version });
    return await readFile(file);
  } finally {
    await rm(place, { recursive: true });
  }
}

/** In the order of the layers, for whoever asks what each of them is. */
const history = ["the C library, certificate authorities and users", "imagesync"];

function contentOf(
  { target }: PlatformParts,
  annotations: Readonly<Record<string, string>>,
  created: string,
): ImageContent {
  return {
    platform: { architecture: target.arch, os: target.os },
    annotations,
    config: {
      created,
      architecture: target.arch,
      os: target.os,
      config: {
        User: `${imageUser}:${imageUser}`,
        Env: ["PATH=/usr/bin", `HOME=${homeDirectory}`, runtimeSetting],
        Entrypoint: ["/usr/bin/imagesync"],
        WorkingDir: workDirectory,
        Labels: annotations,
      },
      history: history.map((comment) => ({ created, created_by: "make release", comment })),
    },
  };
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys */
function annotationsOf(version: string, created: string): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.created": created,
    "org.opencontainers.image.description": "Copies container images between registries and pins them by digest",
    "org.opencontainers.image.licenses": "MPL-2.0",
    "org.opencontainers.image.title": "imagesync",
    "org.opencontainers.image.version": version,
  };
}

/**
 * When an image says it was made, as RFC 3339 writes it. The true time would make each image another: it is what
 * SOURCE_DATE_EPOCH says, or the beginning of time. @throws when that is no time
 * @see https://reproducible-builds.org/specs/source-date-epoch/
 */
export function creationTime(epoch: string | undefined): string {
  if (epoch !== undefined && !/^\d{1,10}$/.test(epoch)) {
    throw new Error(`SOURCE_DATE_EPOCH is ${JSON.stringify(epoch)}: it is a number of seconds since 1970`);
  }
  return new Date(Number(epoch ?? 0) * 1000).toISOString().replace(".000", "");
}
