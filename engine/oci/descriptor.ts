import { ImagesyncError } from "../errors.ts";
import { type Digest, isDigest, show } from "./digest.ts";
import type { Platform } from "./platform.ts";

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly platform?: Platform | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Reads a descriptor out of parsed JSON; `where` names it in errors. @throws `manifest-invalid` */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const fields = asObject(value);
  if (!fields) throw invalid(where, "it is not an object");
  const mediaType = fields["mediaType"];
  const digest = fields["digest"];
  const size = fields["size"];
  if (typeof mediaType !== "string" || mediaType === "" || mediaType.length > 255)
    throw invalid(where, "its mediaType is missing");
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid(where, `its digest is ${show(digest)}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw invalid(where, `its size is ${show(size)}`);
  const artifactType = fields["artifactType"];
  const platform = parsePlatformFields(fields["platform"]);
  const annotations = parseAnnotations(fields["annotations"]);
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(platform ? { platform } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

/** A JSON object as a record whose keys are own properties only, so that `__proto__` is a key like any other. */
export function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}

/** Annotations that are not strings are ignored: they decide nothing here and the bytes are copied as they are. */
export function parseAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  const fields = asObject(value);
  if (!fields) return undefined;
  const annotations = Object.create(null) as Record<string, string>;
  for (const [key, text] of Object.entries(fields)) if (typeof text === "string") annotations[key] = text;
  return annotations;
}

/** BuildKit marks attestations with the platform unknown/unknown: that is no platform. */
function parsePlatformFields(value: unknown): Platform | undefined {
  const fields = asObject(value);
  const os = fields?.["os"];
  const architecture = fields?.["architecture"];
  if (typeof os !== "string" || typeof architecture !== "string" || os === "" || architecture === "") return undefined;
  if (os === "unknown" && architecture === "unknown") return undefined;
  const variant = fields?.["variant"];
  const osVersion = fields?.["os.version"];
  return {
    os,
    architecture,
    ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
    ...(typeof osVersion === "string" && osVersion !== "" ? { osVersion } : {}),
  };
}

function invalid(where: string, why: string): ImagesyncError {
  return new ImagesyncError({
    code: "manifest-invalid",
    operation: "read a manifest",
    message: `Cannot read the descriptor ${where}: ${why}`,
    hint: "The image is damaged at its source; push it there again",
  });
}
