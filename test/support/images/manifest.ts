import { type TestBlob, digestOf } from "./blob.ts";

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export interface TestDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly platform?: TestPlatform;
  readonly artifactType?: string;
}

/** A platform as an index spells it. */
export interface TestPlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly "os.version"?: string;
}

/** A manifest with all that must be at a registry before it. */
export interface TestManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: string;
  readonly blobs: readonly TestBlob[];
  readonly children: readonly TestManifest[];
  /** What an index says about it. */
  readonly platform?: TestPlatform;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a manifest brings along besides its document. */
export type Belongings = Partial<Pick<TestManifest, "blobs" | "children" | "platform" | "annotations">>;

/**
 * A manifest from its document. The bytes are indented by three spaces and end with a newline, which no serializer
 * does by itself: a client that parses and writes them again changes the digest and is found out.
 */
export function manifestOf(mediaType: string, document: object, belongings: Belongings = {}): TestManifest {
  const bytes = Buffer.from(`${JSON.stringify(document, undefined, 3)}\n`);
  return { blobs: [], children: [], ...belongings, mediaType, bytes, digest: digestOf([bytes]) };
}

/** The descriptor of a manifest, without platform and annotations. */
export function descriptorOf(manifest: TestManifest): TestDescriptor {
  return { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length };
}

/** The descriptor of a blob. */
export function blobDescriptor(mediaType: string, blob: TestBlob): TestDescriptor {
  return { mediaType, digest: blob.digest, size: blob.size };
}
