import { formatReference, parseReference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue } from "../../protocol/value.ts";
import { imagesyncSchema } from "./schema.ts";
import { defaults } from "./state.ts";

type ImportState = ResourceDefinition<Configured>["importState"];

/**
 * Takes over an image that is at its destination: the id is `destination` or `destination,source`. Without the source
 * the next plan adopts the configured one in place. The refresh that follows finds out the rest.
 * @throws `invalid-reference` naming the malformed part.
 */
export const importImagesync: ImportState = ({ id }) => {
  const comma = id.indexOf(",");
  const destination = formatReference(parseReference((comma < 0 ? id : id.slice(0, comma)).trim()));
  const source = comma < 0 ? null : formatReference(parseReference(id.slice(comma + 1).trim()));
  const empty = Object.keys(imagesyncSchema.block.attributes).map((name) => [name, null] as const);
  return Promise.resolve({
    state: objectValue({ ...Object.fromEntries(empty), ...defaults, destination, source, timeouts: null }),
  });
};
