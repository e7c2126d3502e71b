import { formatReference, parseRepository } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ResourceDefinition } from "../../protocol/resource.ts";
import { objectValue } from "../../protocol/value.ts";
import { repositorySchema } from "./schema.ts";
import { defaults } from "./state.ts";

type ImportState = ResourceDefinition<Configured>["importState"];

/**
 * Takes over images that are at their destination: the id is `destination` or `destination,source`, repositories both.
 * With the source the refresh that follows finds the tags that both have. Without it, or with a selection in the
 * configuration, the next plan adopts what is configured in place.
 * @throws `invalid-reference` naming the malformed part.
 */
export const importRepository: ImportState = ({ id }) => {
  const comma = id.indexOf(",");
  const destination = formatReference(parseRepository((comma < 0 ? id : id.slice(0, comma)).trim()));
  const source = comma < 0 ? null : formatReference(parseRepository(id.slice(comma + 1).trim()));
  const empty = Object.keys(repositorySchema.block.attributes).map((name) => [name, null] as const);
  const blocks = { deletions: null, timeouts: null };
  return Promise.resolve({
    state: objectValue({ ...Object.fromEntries(empty), ...defaults, id: destination, destination, source, ...blocks }),
  });
};
