import { ImagesyncError } from "../errors.ts";
import { quote } from "./digest.ts";

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly osVersion?: string | undefined;
}

const part = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Reads `os/architecture[/variant]`, as `docker --platform` does. Names are normalised the way container runtimes do:
 * `x86_64` is `amd64`, `aarch64` is `arm64`, `linux/arm64/v8` is `linux/arm64`.
 * @throws `config` when it is malformed.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.length < 2 || parts.length > 3 || !parts.every((name) => part.test(name))) {
    throw new ImagesyncError({
      code: "config",
      operation: "read a platform",
      message: `Invalid platform ${quote(text)}`,
      hint: "Write it as os/architecture or os/architecture/variant, for example linux/amd64 or linux/arm/v7",
    });
  }
  const [os = "", architecture = "", variant] = parts;
  return normalisePlatform({ os, architecture, variant });
}

/** Architectures have aliases, and two variants are the default of theirs. */
export function normalisePlatform(platform: Platform): Platform {
  const architecture = architectureAliases.get(platform.architecture) ?? platform.architecture;
  let variant = platform.variant === "" ? undefined : platform.variant;
  if (architecture === "arm64" && (variant === "v8" || variant === "8")) variant = undefined;
  if (architecture === "amd64" && variant === "v1") variant = undefined;
  if (architecture === "arm" && variant === undefined) variant = "v7";
  return {
    os: platform.os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(platform.osVersion === undefined ? {} : { osVersion: platform.osVersion }),
  };
}

/** A map and not an object: an architecture called `constructor` must stay a name. */
const architectureAliases: ReadonlyMap<string, string> = new Map([
  ["x86_64", "amd64"],
  ["x86-64", "amd64"],
  ["aarch64", "arm64"],
  ["i386", "386"],
]);

export function formatPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? "" : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}

/** True when an image for `have` is what somebody who asked for `wanted` means. */
export function matchesPlatform(wanted: Platform, have: Platform): boolean {
  const a = normalisePlatform(wanted);
  const b = normalisePlatform(have);
  return a.os === b.os && a.architecture === b.architecture && (a.variant ?? "") === (b.variant ?? "");
}
