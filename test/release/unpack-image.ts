import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireTool } from "../support/registries/index.ts";

const run = promisify(execFile);

/** What the configuration of an image says to a runtime. */
interface ImageConfiguration {
  readonly architecture: string;
  readonly os: string;
  readonly created: string;
  readonly config: {
    readonly User: string;
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly WorkingDir: string;
    readonly Labels: Readonly<Record<string, string>>;
  };
}

/** An image as a runtime would start it. */
export interface UnpackedImage {
  /** The root of its files. */
  readonly root: string;
  readonly configuration: ImageConfiguration;
  /** What `tar` lists of each layer, from the lowest. */
  readonly layers: readonly string[];
}

/** Gets the image of a platform from a registry without TLS by skopeo, and unpacks its layers in order by tar. */
export async function unpackImage(reference: string, architecture: string, root: string): Promise<UnpackedImage> {
  const skopeo = requireTool("skopeo");
  if (skopeo === undefined) throw new Error("skopeo is not on PATH");
  const directory = await mkdtemp(join(tmpdir(), "imagesync-unpack-"));
  try {
    const from = ["--override-os", "linux", "--override-arch", architecture, "copy", "-q", "--src-tls-verify=false"];
    await run(skopeo, [...from, `docker://${reference}`, `dir:${directory}`]);
    const fileOf = ({ digest }: Descriptor): string => join(directory, digest.replace("sha256:", ""));
    const { config, layers } = JSON.parse(await readFile(join(directory, "manifest.json"), "utf8")) as Manifest;
    await mkdir(root, { recursive: true });
    const lists: string[] = [];
    for (const layer of layers) {
      lists.push(
        (await run("tar", ["--list", "--verbose", "--numeric-owner", "--gzip", "--file", fileOf(layer)])).stdout,
      );
      const how = ["--extract", "--preserve-permissions", "--numeric-owner", "--gzip"];
      await run("tar", [...how, "--directory", root, "--file", fileOf(layer)]);
    }
    const configuration = JSON.parse(await readFile(fileOf(config), "utf8")) as ImageConfiguration;
    return { root, configuration, layers: lists };
  } finally {
    await rm(directory, { recursive: true });
  }
}

interface Descriptor {
  readonly digest: string;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
