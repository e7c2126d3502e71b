import { createCipheriv, createHash } from "node:crypto";

/** Bytes with what the registry must know of them. */
export interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** The image of the demo, in the order in which it has to be pushed. */
export interface DemoImage {
  readonly blobs: readonly Content[];
  readonly children: readonly Content[];
  readonly index: Content;
}

/** Media type of the image's top manifest. */
export const indexType = "application/vnd.oci.image.index.v1+json";

const architectures = ["amd64", "arm64"] as const;
/** Enough to be seen moving, little enough to be there at once. */
const sharedBytes = 2_000_000;
const programBytes = 1_500_000;

/**
 * An image for two platforms that share their lowest layer. The same bytes at every run, so that its digest can be
 * compared between runs and machines; `edition` makes another one.
 */
export function buildDemoImage(edition: string): DemoImage {
  const shared = layer("etc/base", "base", sharedBytes);
  const blobs = [shared];
  const children = architectures.map((architecture) => {
    const layers = [shared, layer("bin/web", `${edition} ${architecture}`, programBytes)];
    const config = json("application/vnd.oci.image.config.v1+json", {
      architecture,
      os: "linux",
      config: { Entrypoint: ["/bin/web"] },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    });
    blobs.push(...layers.slice(1), config);
    return json("application/vnd.oci.image.manifest.v1+json", {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor(config),
      layers: layers.map(descriptor),
    });
  });
  const index = json(indexType, {
    schemaVersion: 2,
    mediaType: indexType,
    manifests: children.map((child, position) => ({
      ...descriptor(child),
      platform: { os: "linux", architecture: architectures[position] },
    })),
  });
  return { blobs, children, index };
}

/** A tar archive with one file that cannot be compressed, like most of what is in real layers after compression. */
function layer(path: string, seed: string, bytes: number): Content {
  const file = keystream(seed, bytes);
  const padding = Buffer.alloc((512 - (bytes % 512)) % 512);
  const tar = Buffer.concat([tarHeader(path, bytes), file, padding, Buffer.alloc(1024)]);
  return content("application/vnd.oci.image.layer.v1.tar", tar);
}

/** @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06 */
function tarHeader(path: string, bytes: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => value.toString(8).padStart(width - 1, "0");
  header.write(path, 0);
  header.write(octal(0o755, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes, 12), 124);
  header.write(octal(0, 12), 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)}\u0000 `, 148);
  return header;
}

/** Deterministic bytes without any pattern. */
function keystream(seed: string, bytes: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

function json(mediaType: string, value: unknown): Content {
  return content(mediaType, Buffer.from(JSON.stringify(value)));
}

function content(mediaType: string, bytes: Buffer): Content {
  return { mediaType, bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}

function descriptor({ mediaType, digest, bytes }: Content): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length };
}
