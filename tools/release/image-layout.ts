import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "../../engine/index.ts";

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A layer as it is unpacked, and as it is sent. */
export interface Layer {
  readonly tar: Uint8Array;
  readonly packed: Uint8Array;
}

/** All that an image says of itself but its layers. */
export interface ImageContent {
  readonly platform: object;
  readonly config: Readonly<Record<string, unknown>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** Writes an OCI image layout. @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md */
export class ImageLayout {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Adds the image of one platform. @returns what an index says of it */
  async addImage(content: ImageContent, layers: readonly Layer[]): Promise<Descriptor> {
    const { platform, config, annotations } = content;
    const rootfs = { type: "layers", diff_ids: layers.map(({ tar }) => digestOf(tar)) };
    const configuration = await this.#addJson(configType, { ...config, rootfs });
    const packed: Descriptor[] = [];
    for (const layer of layers) packed.push(await this.#add(layerType, layer.packed));
    const manifest = { schemaVersion: 2, mediaType: manifestType, config: configuration, layers: packed, annotations };
    return { ...(await this.#addJson(manifestType, manifest)), platform };
  }

  /** Puts an index of the images under a tag. */
  async finish(
    tag: string,
    manifests: readonly Descriptor[],
    annotations: Readonly<Record<string, string>>,
  ): Promise<void> {
    const index = { schemaVersion: 2, mediaType: indexType, manifests, annotations };
    const named = { ...(await this.#addJson(indexType, index)), annotations: { [tagAnnotation]: tag } };
    const top = { schemaVersion: 2, mediaType: indexType, manifests: [named] };
    await writeFile(join(this.directory, "index.json"), JSON.stringify(top));
    await writeFile(join(this.directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  }

  async #addJson(mediaType: string, value: object): Promise<Descriptor> {
    return await this.#add(mediaType, Buffer.from(JSON.stringify(value)));
  }

  async #add(mediaType: string, content: Uint8Array): Promise<Descriptor> {
    const digest = digestOf(content);
    const file = join(this.directory, "blobs", digest.replace(":", "/"));
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, content);
    return { mediaType, digest, size: content.length };
  }
}

const tagAnnotation = "org.opencontainers.image.ref.name";
