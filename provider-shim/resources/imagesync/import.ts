import { formatReference, parseReference } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ResourceDefinition } from "../../protocol/resource.ts";
import { adopt } from "./adopt.ts";

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
  return Promise.resolve({ state: adopt({ destination, source }) });
};
