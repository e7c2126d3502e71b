import { Fn } from "cdktf";
import type { Construct } from "constructs";
import { parseReference } from "../engine/oci/reference.ts";
import { Imagesync, type ImagesyncConfig } from "./bindings/index.js";
import { destinationBelow, placeOf } from "./destination.ts";

/** The arguments of the resource `imagesync`; `prefix` may stand for `destination`. */
export interface MirroredImageConfig extends Omit<ImagesyncConfig, "destination"> {
  /** Where the image shall be: a reference with a tag. */
  readonly destination?: string;
  /**
   * `host`, `host:port` or `host/path` below which the image keeps its path and its tag: `docker.io/library/nginx:1.27`
   * is at `registry.example.com/mirror/library/nginx:1.27`. Instead of `destination`.
   */
  readonly prefix?: string;
}

/** An image that is kept at another registry. {@link MirroredImage.ref} is what a Deployment runs. */
export class MirroredImage extends Imagesync {
  /** @throws when not exactly one of `destination` and `prefix` is given, or no destination can be made of `prefix`. */
  constructor(scope: Construct, id: string, { destination, prefix, ...config }: MirroredImageConfig) {
    const place = placeOf(`Image "${id}"`, config.source, { destination, prefix }, (start) =>
      destinationBelow(start, parseReference(config.source)),
    );
    super(scope, id, { ...config, destination: place });
  }

  /** `repository@digest` at the destination. It changes when the image does, so that what runs it is rolled out. */
  get ref(): string {
    return this.id;
  }

  /** The digest in {@link ref}: the source's, or that of the subset which `platforms` makes. */
  get digest(): string {
    return Fn.element(Fn.split("@", this.id), 1) as string;
  }
}
