import { type Digest, isNotFound, type Reference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";

/** What a tag of the destination holds, by one HEAD; undefined when there is none. @throws what keeps it from telling. */
export async function digestAt(
  reference: Reference,
  { engine }: Configured,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  // A digest beside the tag would be what is asked for.
  const tagged = reference.tag === undefined ? reference : { ...reference, digest: undefined };
  try {
    return (await engine.inspect(tagged, { side: "destination", signal })).digest;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
