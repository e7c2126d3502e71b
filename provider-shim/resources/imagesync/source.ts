import { atDigest, canonicalReference, type Digest, ImagesyncError, parseReference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import type { Resolved } from "./memory.ts";
import { platformsIn, text, texts } from "./state.ts";

/** The question that a resolved digest answers: which source, reduced to which platforms. */
export function questionOf(value: ObjectValue): string | undefined {
  const source = text(value, "source");
  const canonical = source === undefined ? undefined : canonicalText(source);
  return canonical === undefined ? undefined : [canonical, ...texts(value, "platforms")].join(" ");
}

/**
 * The canonical form of a reference; undefined for what is none. Configurations are validated, but a state can hold what
 * another provider took for a reference, and must not keep its owner from correcting it.
 */
export function canonicalText(reference: string): string | undefined {
  try {
    return canonicalReference(parseReference(reference));
  } catch (error) {
    if (error instanceof ImagesyncError && error.code === "invalid-reference") return undefined;
    throw error;
  }
}

/**
 * Asks the source: what its tag holds now, or `pinnedDigest` when that is given, and what the wanted platforms make of
 * it. Required platforms are checked on the way.
 * @throws what the registry raises; `unsupported` for platforms that are not offered.
 */
export async function resolveSource(
  value: ObjectValue,
  pinnedDigest: Digest | undefined,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<Resolved> {
  const reference = parseReference(text(value, "source") ?? "");
  const asked = pinnedDigest === undefined ? reference : atDigest(reference, pinnedDigest);
  const platforms = platformsIn(value, "platforms");
  const requiredPlatforms = platformsIn(value, "required_platforms");
  const { sourceDigest, digest } = await engine.resolve(asked, {
    platforms,
    requiredPlatforms,
    side: "source",
    signal,
  });
  return { question: questionOf(value) ?? "", sourceDigest, digest };
}
